//! The route table: every page on one screen.

use crate::{
    component::Failure,
    page::{
        audit::AuditPage,
        calendar::{CalendarPage, entry::EntryPage},
        check::CheckPage,
        check_exchange::{AnalysisPage, CheckExchangePage},
        connect::ConnectPage,
        connection::ConnectionPage,
        connections::{ConnectionsPage, many::DisconnectManyPage, results::BulkPage},
        data_export::{DataExportPage, PurgePage},
        disconnect::DisconnectPage,
        help::{ProblemPage, ProblemsPage, ServiceAccountPage},
        home::HomePage,
        organisation::{
            OrganisationPage, PausePage,
            account::AccountPage,
            activity::ActivityPage,
            add::{AddAccountPage, MoveAccountPage},
            end::{EndAccountPage, EndedPage},
            mailboxes::{MailboxesPage, ScopePage},
            notices::{NoticesPage, one::NoticePage},
            pause::PauseAccountPage,
            policy::PolicyPage,
            requests::{AskPage, RequestsPage},
        },
        overview::OverviewPage,
        people::{
            PeoplePage,
            import::ImportPage,
            imported::ImportedPage,
            invite::{InvitationPage, InvitePage},
            person::PersonPage,
        },
        profile::ProfilePage,
        second_factor::SecondFactorPage,
        security::SecurityPage,
        setup::SetupPage,
        sign_in::{SignInCodePage, SignInPage},
        style::StylePage,
    },
    viewer::AskedViewer,
};
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    ParamSegment, SsrMode, StaticSegment,
    components::{Route, Router, Routes},
};

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    AskedViewer::provide();

    view! {
        <Router>
            <Routes fallback=|| view! { <NotFound /> }>
                <Route path=StaticSegment("") view=HomePage ssr=SsrMode::Async />
                <Route path=StaticSegment("setup") view=SetupPage ssr=SsrMode::Async />
                <Route path=StaticSegment("sign-in") view=SignInPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("sign-in"), StaticSegment("code")) view=SignInCodePage ssr=SsrMode::Async />
                <Route path=StaticSegment("calendar") view=CalendarPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("calendar"), StaticSegment("entries"), ParamSegment("id")) view=EntryPage ssr=SsrMode::Async />
                <Route path=StaticSegment("profile") view=ProfilePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("profile"), StaticSegment("security")) view=SecurityPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("profile"), StaticSegment("security"), StaticSegment("second-factor")) view=SecondFactorPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("profile"), StaticSegment("data")) view=DataExportPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("profile"), StaticSegment("purge")) view=PurgePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("profile"), StaticSegment("exchange"), StaticSegment("connect")) view=ConnectPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("profile"), StaticSegment("exchange"), StaticSegment("disconnect")) view=DisconnectPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("profile"), StaticSegment("exchange"), StaticSegment("checks"), ParamSegment("id")) view=CheckPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("profile"), StaticSegment("exchange"), StaticSegment("request")) view=AskPage ssr=SsrMode::Async />
                <Route path=StaticSegment("audit") view=AuditPage ssr=SsrMode::Async />
                <Route path=StaticSegment("invitation") view=InvitationPage ssr=SsrMode::Async />
                <Route path=StaticSegment("people") view=PeoplePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("people"), StaticSegment("invite")) view=InvitePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("people"), StaticSegment("import")) view=ImportPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("people"), StaticSegment("import"), ParamSegment("id")) view=ImportedPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("people"), ParamSegment("id")) view=PersonPage ssr=SsrMode::Async />
                <Route path=StaticSegment("style") view=StylePage ssr=SsrMode::Async />
                <Route path=StaticSegment("overview") view=OverviewPage ssr=SsrMode::Async />
                <Route path=StaticSegment("organisation") view=OrganisationPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("pause")) view=PausePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("policy")) view=PolicyPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("requests")) view=RequestsPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("notices")) view=NoticesPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("notices"), ParamSegment("id")) view=NoticePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("activity")) view=ActivityPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("mailboxes")) view=MailboxesPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("mailboxes"), ParamSegment("id")) view=ScopePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("accounts"), StaticSegment("new")) view=AddAccountPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("accounts"), ParamSegment("id")) view=AccountPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("accounts"), ParamSegment("id"), StaticSegment("server")) view=MoveAccountPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("accounts"), ParamSegment("id"), StaticSegment("pause")) view=PauseAccountPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("accounts"), ParamSegment("id"), StaticSegment("disconnect")) view=EndAccountPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("organisation"), StaticSegment("ended"), ParamSegment("id")) view=EndedPage ssr=SsrMode::Async />
                <Route path=StaticSegment("connections") view=ConnectionsPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("connections"), StaticSegment("check-exchange")) view=CheckExchangePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("connections"), StaticSegment("check-exchange"), ParamSegment("id")) view=AnalysisPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("connections"), StaticSegment("disconnect")) view=DisconnectManyPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("connections"), StaticSegment("actions"), ParamSegment("id")) view=BulkPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("connections"), ParamSegment("id")) view=ConnectionPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("help"), StaticSegment("service-account")) view=ServiceAccountPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("help"), StaticSegment("problems")) view=ProblemsPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("help"), StaticSegment("problems"), ParamSegment("code")) view=ProblemPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

#[component]
fn NotFound() -> impl IntoView {
    let error = crate::request::failure();
    view! { <Failure error /> }
}
