//! `kalends serve`: opens both databases, listens, works through due sync runs, and drains when told to stop.

use crate::{
    command::error::CommandError,
    connections::{self, ConnectionLimits, ConnectionServer, Places, TlsError},
    data::{Access, Data},
    downloads,
    events::{self, StreamPlaces},
    failed_forms::{Render, failed_forms},
    health::{self, Health},
    layers::{self, Outside, PageNonce},
    lock_watch::LockWatch,
    outage, requests,
    session_store::{Sessions, read_ahead, unprolonged},
    setting_error::SettingError,
    settings::{NetworkSettings, Notices},
    site::Site,
};
use app::{App, request::PublicOrigin, shell};
use axum::{
    Extension, Router,
    extract::Request,
    http::{StatusCode, request::Parts},
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse,
    routing::post,
};
use kalends::{
    services::{Services, instance},
    worker,
};
use kalends_core::{clock::Clock, random::Random};
use leptos::{config::LeptosOptions, prelude::*, server_fn::axum::server_fn_paths};
use leptos_axum::{
    LeptosRoutes, generate_route_list, handle_server_fns_with_context,
    render_app_async_with_context,
};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use tower_sessions::{
    Expiry, SessionManagerLayer,
    cookie::{SameSite, time},
};

/// How long open requests may take to end once told to stop.
const DRAIN: Duration = Duration::from_secs(10);

pub async fn serve(
    network: NetworkSettings,
    notices: Notices,
    data: Data,
) -> Result<(), CommandError> {
    let (clock, random) = (Clock::system(), Random::from_system());
    let opened = data.open(Access::Alone("serve"), &random, clock.now());
    let mut opened = opened.await?;
    let locks = LockWatch::new(std::mem::take(&mut opened.locks));
    let mut services = Services::new(
        opened.store.clone(),
        opened.vault.clone(),
        network.outbound(clock.clone())?,
        clock,
        random,
    );
    join_databases(&services).await?;
    let (listener, address) = listen(&network)?;
    let origin = network.origin(address)?;
    services.channels = notices.channels(&network, &origin, services.clock.clone())?;
    let stop = CancellationToken::new();
    let health = Health {
        services: services.clone(),
        stop: stop.clone(),
        locks: locks.clone(),
    };
    let places = places(&network)?;
    let streams = StreamPlaces::new(places.limits().event_streams, services.metrics.clone());
    let router = router(&services, &network, &origin, (health.clone(), streams))?;
    let tls = tls(&network)?;
    if let Some(wanted) = &network.metrics_listen {
        let address = health::listen_at(wanted, health)?;
        println!("Kalends tells its numbers at http://{address}/metrics");
    }
    announce(&services, &origin).await?;

    let worker = tokio::spawn(worker::run(services.clone(), stop.clone()));
    tokio::spawn(stop_on_signal(stop.clone()));
    tokio::spawn(locks.clone().watch(services.clone(), stop.clone()));
    let listener = tokio::net::TcpListener::from_std(listener).map_err(CommandError::refused)?;
    ConnectionServer::new(router, places, tls, stop.clone())
        .serve(listener, DRAIN)
        .await;
    finish(&services, worker).await;
    drop((opened, locks));
    Ok(())
}

/// Makes this instance known to those beside it, and looks at what an earlier one left in the databases.
async fn join_databases(services: &Services) -> Result<(), CommandError> {
    // Before anything is opened: whoever rotates sees this instance, or has sealed already.
    instance::tell(services)
        .await
        .map_err(CommandError::refused)?;
    tell_standing(services).await?;
    kalends::connect::end_orphans(services)
        .await
        .map_err(CommandError::refused)
}

fn places(network: &NetworkSettings) -> Result<Places, SettingError> {
    let files = connections::raise_file_limit();
    Ok(Places::new(
        ConnectionLimits::for_files(files),
        network.trusted_proxies()?.into(),
    ))
}

/// Says that this instance works: to the others, and on the terminal.
async fn announce(services: &Services, origin: &str) -> Result<(), CommandError> {
    // Before this one is heard of: another that starts beside it compares its clock with what was before.
    worker::watch_clock(services)
        .await
        .map_err(CommandError::refused)?;
    let Ok(()) = worker::beat(services).await;
    println!("Kalends listens at {origin}");
    if let Some(code) = kalends::people::setup::code_if_open(services)
        .await
        .map_err(CommandError::refused)?
    {
        println!(
            "Nobody has an account yet. Make the first administrator at {origin}/setup with this one-time code: {code}"
        );
    }
    Ok(())
}

/// Waits for the work under way, then takes this instance off the list.
async fn finish(services: &Services, worker: JoinHandle<()>) {
    services.stopping.cancel();
    services.tasks.close();
    let _ = tokio::time::timeout(DRAIN, services.tasks.wait()).await;
    let _ = worker.await;
    instance::leave(services).await;
}

/// Says in the log what does not fit between the two databases; the overview says it too.
async fn tell_standing(services: &Services) -> Result<(), CommandError> {
    let standing = services.compare_databases().await;
    for words in standing.map_err(CommandError::refused)?.findings() {
        tracing::error!("{words}.");
    }
    Ok(())
}

fn listen(network: &NetworkSettings) -> Result<(std::net::TcpListener, SocketAddr), CommandError> {
    let wanted = network.listen()?;
    let refused = |error: std::io::Error| {
        let cure = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!(
                "port {} is in use by another program. Stop it, or choose another port: --listen {}:{}",
                wanted.port(),
                wanted.ip(),
                wanted.port().saturating_add(1)
            ),
            std::io::ErrorKind::PermissionDenied => {
                "this port needs more rights. Choose one above 1023".to_owned()
            }
            _ => format!("cannot listen there ({error})"),
        };
        SettingError::new("KALENDS_LISTEN", &network.listen, cure)
    };
    let listener = std::net::TcpListener::bind(wanted).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

fn tls(network: &NetworkSettings) -> Result<Option<TlsAcceptor>, CommandError> {
    let (Some(cert), Some(key)) = (&network.tls_cert, &network.tls_key) else {
        return match (&network.tls_cert, &network.tls_key) {
            (None, None) => Ok(None),
            (cert, key) => Err(alone(cert.as_deref(), key.as_deref()).into()),
        };
    };
    connections::acceptor(cert, key).map(Some).map_err(|error| {
        let (name, file) = match error {
            TlsError::Certificate(_) => ("KALENDS_TLS_CERT", cert),
            TlsError::Key(_) => ("KALENDS_TLS_KEY", key),
        };
        let value = file.display().to_string();
        SettingError::new(name, &value, error.to_string()).into()
    })
}

/// A certificate without its key, or the other way round.
fn alone(cert: Option<&Path>, key: Option<&Path>) -> SettingError {
    let (name, file, other) = match cert {
        Some(cert) => ("KALENDS_TLS_CERT", Some(cert), "KALENDS_TLS_KEY"),
        None => ("KALENDS_TLS_KEY", key, "KALENDS_TLS_CERT"),
    };
    let value = file.map_or_else(String::new, |file| file.display().to_string());
    let cure = format!("TLS needs a certificate and its key: set {other} as well");
    SettingError::new(name, &value, cure)
}

async fn stop_on_signal(stop: CancellationToken) {
    let (Ok(mut term), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: open requests may end");
    stop.cancel();
}

/// Every route with its layers.
pub fn router(
    services: &Services,
    network: &NetworkSettings,
    origin: &str,
    (health, streams): (Health, StreamPlaces),
) -> Result<Router, SettingError> {
    let site = Site::open(network.site.as_deref())?;
    let outside = Outside {
        random: services.random.clone(),
        origin: origin.into(),
        https: origin.starts_with("https://"),
        trusted_proxies: network.trusted_proxies()?.into(),
        is_behind_proxy: origin.starts_with("https://") && network.tls_cert.is_none(),
        peers: services.peers.clone(),
    };
    let sessions = SessionManagerLayer::new(Sessions(services.clone()))
        .with_name(cookie_name(outside.https))
        .with_secure(outside.https)
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_expiry(Expiry::OnInactivity(
            time::Duration::try_from(kalends_core::lifetimes::SESSION)
                .unwrap_or(time::Duration::DAY),
        ));

    let options = LeptosOptions::builder().output_name("kalends").build();
    let context = page_context(services.clone(), site.clone(), origin);
    let for_functions = context.clone();
    let render = render_app_async_with_context(context.clone(), shell);
    let page: Render = Arc::new(move |request| Box::pin(render.clone()(request)));
    let pages = Router::new()
        .route(
            "/api/{*function}",
            post(async move |request: Request| {
                let asked = request.uri().path();
                if !server_fn_paths().any(|(path, _)| path == asked) {
                    return StatusCode::NOT_FOUND.into_response();
                }
                handle_server_fns_with_context(for_functions.clone(), request)
                    .await
                    .into_response()
            }),
        )
        .leptos_routes_with_context(&options, generate_route_list(App), context.clone(), shell)
        .fallback(render_app_async_with_context(context, shell))
        .with_state(options)
        .merge(downloads::routes(services.clone()))
        .merge(events::routes(
            services.clone(),
            streams,
            health.stop.clone(),
        ))
        .layer(Extension(PublicOrigin(origin.to_owned())))
        .layer(from_fn(layers::limited))
        .layer(from_fn(layers::without_null))
        .layer(from_fn_with_state(page, failed_forms))
        .layer(from_fn(read_ahead))
        .layer(sessions)
        .layer(from_fn(unprolonged))
        .layer(from_fn(layers::device_cookie))
        .layer(CompressionLayer::new())
        .layer(from_fn(layers::packed_for_readers))
        .layer(from_fn_with_state(outside.clone(), layers::same_origin))
        .layer(from_fn_with_state(services.clone(), outage::told))
        .layer(from_fn(requests::logged));
    Ok(Router::new()
        .merge(site.routes())
        .merge(health::routes(health))
        .fallback_service(pages)
        .layer(from_fn_with_state(outside.clone(), layers::client_address))
        .layer(from_fn_with_state(outside, layers::security_headers))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(
            services.random.clone(),
            requests::with_id,
        )))
}

/// Over https no other host of the domain may set the cookie, nor may it be set in plain text.
const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-kalends" } else { "kalends" }
}

/// What pages and server functions find in their context.
fn page_context(
    services: Services,
    site: Site,
    origin: &str,
) -> impl Fn() + Clone + Send + Sync + 'static {
    let origin = PublicOrigin(origin.to_owned());
    move || {
        provide_context(origin.clone());
        provide_context(services.clone());
        if let Some(manifest) = site.manifest() {
            provide_context(manifest);
        }
        if let Some(PageNonce(nonce)) =
            use_context::<Parts>().and_then(|parts| parts.extensions.get().cloned())
        {
            provide_context(nonce);
        }
    }
}
