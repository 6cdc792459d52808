//! What keeps one's own sign-in safe: the second factor, and the devices that are signed in.

use crate::{
    AppError,
    component::{Frame, When, loaded},
    moment::Moment,
    request,
};
use kalends_core::audit::{AuditAction, AuditEntry};
use leptos::{prelude::*, server_fn::ServerFn};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
struct SecurityView {
    flash: Option<String>,
    /// The organisation wants a second factor of this admin, who has none.
    is_owed: bool,
    factor: Option<FactorView>,
    devices: Vec<DeviceView>,
}

/// A second factor that is on.
#[derive(Debug, Clone, PartialEq)]
struct FactorView {
    since: Moment,
    codes_left: i64,
}

/// One signed-in device.
#[derive(Debug, Clone, PartialEq)]
struct DeviceView {
    /// Ends it and nothing else: nobody is signed in by it.
    handle: String,
    name: String,
    since: Option<Moment>,
    last_used: Moment,
    is_this: bool,
}

async fn security() -> Result<SecurityView, AppError> {
    let user = request::user().await?;
    let services = request::services();
    let words = request::formatter(&user).await?;
    let factor = services.store.second_factor(user.id).await;
    let is_owed = kalends::people::two_factor::is_owed(&services.store, &user).await;
    let now = services.clock.now();
    let devices = services.store.devices_of(user.id, now).await;
    let this = request::this_session()?;
    let mut devices: Vec<DeviceView> = devices
        .map_err(request::internal)?
        .into_iter()
        .map(|device| DeviceView {
            is_this: device.id_hash == this,
            handle: device.id_hash,
            name: device.name.unwrap_or_else(|| "A device".to_owned()),
            since: device.since.map(|since| words.appointment(since, false)),
            last_used: words.moment(device.last_used),
        })
        .collect();
    devices.sort_by_key(|device| !device.is_this);
    Ok(SecurityView {
        flash: request::take_flash().await?,
        is_owed: is_owed.map_err(request::internal)?,
        factor: factor.map_err(request::internal)?.map(|factor| FactorView {
            since: words.appointment(factor.since, false),
            codes_left: factor.codes_left,
        }),
        devices,
    })
}

#[server(endpoint = "sign_out_device")]
async fn sign_out_device(#[server(default)] device: String) -> Result<(), AppError> {
    let user = request::user().await?;
    if device == request::this_session()? {
        request::end_session().await?;
        request::see_other("/sign-in");
        return Ok(());
    }
    let services = request::services();
    let now = services.clock.now();
    let devices = services.store.devices_of(user.id, now).await;
    let found = devices
        .map_err(request::internal)?
        .into_iter()
        .find(|found| found.id_hash == device);
    if let Some(found) = found {
        let name = found.name.unwrap_or_default();
        let entry = AuditEntry::by(user.id, AuditAction::DeviceSignedOut).about(name);
        let ended = services
            .store
            .delete_session_of(user.id, &device, &entry, now)
            .await;
        ended.map_err(request::internal)?;
    }
    request::flash("The device is signed out.").await?;
    request::see_other("/profile/security");
    Ok(())
}

#[server(endpoint = "sign_out_others")]
async fn sign_out_others() -> Result<(), AppError> {
    let user = request::user().await?;
    request::end_other_sessions(&user).await?;
    request::flash("You are signed out everywhere else.").await?;
    request::see_other("/profile/security");
    Ok(())
}

#[component]
pub fn SecurityPage() -> impl IntoView {
    loaded(security, |view| {
        let others = view.devices.iter().any(|device| !device.is_this);
        view! {
            <Frame title="Security">
                <p class="back"><a href="/profile">"Profile Settings"</a></p>
                {view.flash.map(|flash| view! { <p class="notice notice-good" role="status">{flash}</p> })}
                {view
                    .is_owed
                    .then(|| {
                        view! {
                            <p class="notice notice-waiting">
                                "Your organisation’s administrators need a second factor. Set one up, and the administrators’ pages open again."
                            </p>
                        }
                    })}
                <section class="panel" aria-labelledby="factor">
                    <h2 id="factor">"Second factor"</h2>
                    {second_factor_part(view.factor)}
                </section>
                <section class="panel" aria-labelledby="devices">
                    <h2 id="devices">"Signed-in devices"</h2>
                    {view.devices.into_iter().map(device_row).collect_view()}
                    {others
                        .then(|| {
                            view! {
                                <form method="post" action=SignOutOthers::url()>
                                    <button class="button">"Sign out all others"</button>
                                </form>
                            }
                        })}
                    <p class="panel-hint">"A device that nobody uses for a week is signed out by itself, and every device after 30 days."</p>
                </section>
            </Frame>
        }
    })
}

fn second_factor_part(factor: Option<FactorView>) -> impl IntoView {
    match factor {
        None => view! {
            <p>
                "Off. With a second factor nobody signs in by your password alone: Kalends also asks for a code from an app on your phone."
            </p>
            <p><a class="button" href="/profile/security/second-factor">"Set up a second factor"</a></p>
        }
        .into_any(),
        Some(FactorView { since, codes_left }) => {
            let left = match codes_left {
                0 => "You have no recovery codes left: set it up anew to get some.".to_owned(),
                1 => "You have 1 recovery code left: set it up anew to get more.".to_owned(),
                left => format!("You have {left} recovery codes left."),
            };
            view! {
                <p>"On since " <When moment=since /> ". " {left}</p>
                <p><a class="button" href="/profile/security/second-factor">"Set up anew or turn off"</a></p>
            }
            .into_any()
        }
    }
}

fn device_row(device: DeviceView) -> impl IntoView {
    let DeviceView {
        handle,
        name,
        since,
        last_used,
        is_this,
    } = device;
    // Several devices may have one name.
    let signed_in = since.as_ref().unwrap_or(&last_used);
    let label = format!("Sign out {name}, signed in {}", signed_in.exact);
    view! {
        <div class="row">
            <div class="row-main">
                <h3 class="row-title">
                    {name} {is_this.then(|| view! { " " <span class="badge badge-good">"This one"</span> })}
                </h3>
                <p class="row-state">
                    {since.map(|since| view! { <span>"since " <When moment=since /></span> })}
                    <span>"last used " <When moment=last_used /></span>
                </p>
            </div>
            {(!is_this)
                .then(|| {
                    view! {
                        <form class="row-actions" method="post" action=SignOutDevice::url()>
                            <input type="hidden" name="device" value=handle />
                            <button class="button" aria-label=label>"Sign out"</button>
                        </form>
                    }
                })}
        </div>
    }
}
