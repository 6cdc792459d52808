//! The program `kalends`: serves the pages.

mod settings;
mod site;

use app::{App, shell};
use axum::Router;
use leptos::{config::LeptosOptions, prelude::provide_context};
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_async_with_context};
use site::Site;
use std::{error::Error, path::PathBuf};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::var_os("KALENDS_SITE").map(PathBuf::from);
    let site = Site::open(folder.as_deref())?;
    let manifest = site.manifest();
    let context = move || {
        if let Some(manifest) = manifest.clone() {
            provide_context(manifest);
        }
    };
    let options = LeptosOptions::builder().output_name("kalends").build();
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context.clone(), shell)
        .fallback(render_app_async_with_context(context, shell))
        .with_state(options);
    let address = std::env::var("KALENDS_LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("Kalends listens at http://{}", listener.local_addr()?);
    axum::serve(listener, site.routes().fallback_service(pages)).await?;
    Ok(())
}
