//! Lists of the design's page: tables, facts, causes, first steps, the line of time, and where there is nothing.

use crate::component::{EmptyState, StateBadge, StateView, TableHead};
use kalends_core::connection::ConnectionState;
use leptos::prelude::*;

#[component]
pub fn Lists() -> impl IntoView {
    view! {
        <Tables />
        <section class="panel" aria-labelledby="lists">
            <h2 id="lists">"Lists"</h2>
            <dl class="facts">
                <div><dt>"Mailbox"</dt><dd>"bob@example.test"</dd></div>
                <div><dt>"Entries"</dt><dd>"128"</dd></div>
            </dl>
            <Causes />
            <ol class="timeline">
                <li class="timeline-line timeline-good"><span class="timeline-at">"today 09:05"</span> <span class="timeline-kind">"Sync"</span> <span class="timeline-what">"2 new, 1 changed, 0 gone"</span></li>
                <li class="timeline-line timeline-bad"><span class="timeline-at">"today 09:00"</span> <span class="timeline-kind">"State"</span> <span class="timeline-what">"Action needed"</span></li>
            </ol>
        </section>
        <section aria-labelledby="nothing">
            <h2 class="sr-only" id="nothing">"Where there is nothing"</h2>
            <EmptyState lead="Nothing here yet.">
                <p>"An empty state says what to do next."</p>
                <a class="button button-primary" href="#nothing">"Do it"</a>
            </EmptyState>
        </section>
    }
}

#[component]
fn Tables() -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="tables">
            <h2 id="tables">"Tables"</h2>
            <div class="table-box" role="region" aria-label="A table" tabindex="0">
                <table class="table table-stack" role="table">
                    <TableHead columns=&["Person", "Calendar", "Entries"] numbers=&["Entries"] />
                    <tbody role="rowgroup">
                        <tr role="row">
                            <th role="rowheader" scope="row">
                                <span class="tick"><input type="checkbox" aria-label="Choose Bob" /> <a href="#tables">"Bob"</a></span>
                                <span class="cell-detail tick-detail">"bob@example.test"</span>
                            </th>
                            <td role="cell" data-label="Calendar"><StateBadge state=StateView::Is(ConnectionState::Connected) /></td>
                            <td role="cell" data-label="Entries" class="number">"128"</td>
                        </tr>
                        <tr role="row">
                            <th role="rowheader" scope="row">
                                <span class="tick"><input type="checkbox" aria-label="Choose Charlie" /> <a href="#tables">"Charlie"</a></span>
                                <span class="cell-detail tick-detail">"charlie@example.test"</span>
                            </th>
                            <td role="cell" data-label="Calendar">
                                <StateBadge state=StateView::Is(ConnectionState::ActionNeeded) />
                                <span class="cell-reason">"The reason is visible."</span>
                                <span class="cell-detail">"So is who must act"</span>
                            </td>
                            <td role="cell" data-label="Entries" class="number">"96"</td>
                        </tr>
                    </tbody>
                </table>
            </div>
            <nav class="pager" aria-label="Pages">
                <a class="button" href="#tables">"Previous"</a>
                <span>"Page 2 of 3"</span>
                <a class="button" href="#tables">"Next"</a>
            </nav>
        </section>
    }
}

#[component]
fn Causes() -> impl IntoView {
    view! {
        <ul class="causes">
            <li class="cause cause-bad">
                <span class="cause-people"><a href="#lists">"240 people wait"</a></span>
                <span class="cause-main"><strong>"Something is wrong."</strong> <span class="cell-detail">"Head office · since today 09:00"</span></span>
            </li>
            <li class="cause cause-waiting">
                <span class="cause-people"><a href="#lists">"1 person waits"</a></span>
                <span class="cause-main"><strong>"Something passes."</strong> <span class="cell-detail">"Branch · since today 09:05"</span></span>
            </li>
        </ul>
        <ol class="first-steps">
            <li class="first-step first-step-done"><div><strong>"What was done"</strong></div></li>
            <li class="first-step">
                <div><strong>"What comes next"</strong> <p class="panel-hint">"And why."</p></div>
                <a class="button button-primary" href="#lists">"Begin"</a>
            </li>
        </ol>
    }
}
