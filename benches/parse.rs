//! Reading a calendar view of 500 entries, from bytes to events, beside bare tokenising of the same bytes by the same
//! XML library, turn by turn in one run. Processor time is measured, so that other work on the machine matters little.
//!
//! Where a server is named in the environment (`cargo xtask bench parse --peers`), Kalends' client and those of others
//! read a view of as many entries from it, in the same turns.

#![expect(clippy::unwrap_used, reason = "a benchmark")]

#[path = "peers/clock.rs"]
mod clock;
#[path = "peers/kalends.rs"]
mod over_the_wire;
#[path = "peers/process.rs"]
mod process;

use kalends_exchange::untrusted::calendar_view;
use over_the_wire::{Kalends, Server};
use process::Peer;
use quick_xml::{events::Event, reader::Reader};
use std::{fmt::Write as _, hint::black_box};

const ENTRIES: u32 = 500;
const TURNS: usize = 15;
const REPEAT: u32 = 8;

/// What the rows below the first two are.
const MEASURED: &str = "From the third row on: processor time of the client's own process for the same view out of \
    one practice Exchange over TLS, HTTP and Basic sign-in on a kept connection, from the call to the library's own \
    objects; the same fields, except that exchangelib reads zones in place of wall clocks, that ews-javascript-api \
    reads neither, and that exchangelib as documented sends GetItem after FindItem.";

/// A view as Exchange 2019 sends it: one line, with the fields that Kalends asks for.
fn view() -> Vec<u8> {
    let mut items = String::new();
    for number in 0..ENTRIES {
        let (day, hour) = (1 + number % 28, 6 + number % 12);
        let id = format!("AAMkADRmMjc{number:06}").repeat(8);
        write!(
            items,
            concat!(
                r#"<t:CalendarItem><t:ItemId Id="{id}" ChangeKey="DwAAABYAAABk8zPPMQvFQ{number:06}"/>"#,
                "<t:Subject>Weekly planning &amp; review {number}</t:Subject><t:Sensitivity>Normal</t:Sensitivity>",
                "<t:LastModifiedTime>2026-02-{day:02}T08:11:12Z</t:LastModifiedTime>",
                "<t:UID>040000008200E00074C5B7101A82E008000000{number:010}</t:UID>",
                "<t:Start>2026-03-{day:02}T{hour:02}:00:00Z</t:Start><t:End>2026-03-{day:02}T{hour:02}:45:00Z</t:End>",
                "<t:IsAllDayEvent>false</t:IsAllDayEvent><t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus>",
                "<t:Location>Room Spree, 3rd floor</t:Location><t:IsCancelled>false</t:IsCancelled>",
                "<t:CalendarItemType>Occurrence</t:CalendarItemType>",
                "<t:Organizer><t:Mailbox><t:Name>Alice Example</t:Name><t:EmailAddress>alice@example.test</t:EmailAddress>",
                "<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>OneOff</t:MailboxType></t:Mailbox></t:Organizer>",
                "<t:StartWallClock>2026-03-{day:02}T{hour:02}:00:00+01:00</t:StartWallClock>",
                "<t:EndWallClock>2026-03-{day:02}T{hour:02}:45:00+01:00</t:EndWallClock>",
                "<t:StartTimeZoneId>W. Europe Standard Time</t:StartTimeZoneId>",
                "<t:EndTimeZoneId>W. Europe Standard Time</t:EndTimeZoneId></t:CalendarItem>"
            ),
            id = id,
            number = number,
            day = day,
            hour = hour
        )
        .unwrap();
    }
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>"#,
            r#"<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748" MinorBuildNumber="10" Version="V2017_07_11" xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header>"#,
            r#"<s:Body><m:FindItemResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><m:ResponseMessages>"#,
            r#"<m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder TotalItemsInView="{}" IncludesLastItemInRange="true"><t:Items>{}</t:Items></m:RootFolder>"#,
            "</m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse></s:Body></s:Envelope>"
        ),
        ENTRIES, items
    )
    .into_bytes()
}

/// Every token, and nothing made of it.
fn tokenise(bytes: &[u8]) {
    let mut reader = Reader::from_reader(bytes);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).unwrap() {
            Event::Eof => return,
            event => {
                black_box(event);
            }
        }
    }
}

fn read(bytes: &[u8]) {
    let events = calendar_view(bytes).unwrap();
    assert_eq!(events.len(), ENTRIES as usize);
    black_box(events);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A row of the table while it is measured.
struct Row<'a> {
    name: String,
    /// Reads the view so many times and tells the seconds of processor time they took.
    read: Box<dyn FnMut(u32) -> f64 + 'a>,
    seconds: Vec<f64>,
    /// Against the first row, turn by turn.
    ratios: Vec<f64>,
}

impl<'a> Row<'a> {
    fn new(name: impl Into<String>, read: impl FnMut(u32) -> f64 + 'a) -> Self {
        Self {
            name: name.into(),
            read: Box::new(read),
            seconds: Vec::new(),
            ratios: Vec::new(),
        }
    }

    fn print(self) {
        let rate = f64::from(ENTRIES * REPEAT) / median(self.seconds);
        let ratio = median(self.ratios);
        // The peers are so far off that two digits would be none.
        let digits = if ratio < 0.1 { 4 } else { 2 };
        println!("| {} | {rate:.0} | {ratio:.digits$} |", self.name);
    }
}

fn main() {
    let bytes = view();
    let mut rows = vec![
        Row::new("quick-xml, tokens alone", |times| {
            clock::seconds(times, || tokenise(&bytes))
        }),
        Row::new("Kalends, bytes to events", |times| {
            clock::seconds(times, || read(&bytes))
        }),
    ];
    let server = Server::from_environment();
    if let Some(server) = &server {
        rows.extend(peers(server));
    }
    for turn in 0..=TURNS {
        let mut bare = None;
        for row in &mut rows {
            let seconds = (row.read)(REPEAT);
            let bare = *bare.get_or_insert(seconds);
            // The first turn warms up.
            if turn > 0 {
                row.seconds.push(seconds);
                row.ratios.push(bare / seconds);
            }
        }
    }
    println!(
        "A calendar view of {ENTRIES} entries, {} bytes, median of {TURNS} turns",
        bytes.len()
    );
    println!("| what | entries per CPU-second | against bare tokens |");
    println!("|---|---|---|");
    for row in rows {
        row.print();
    }
    if server.is_some() {
        println!("{MEASURED}");
    }
}

/// Kalends and the clients of others, over the wire.
fn peers(server: &Server) -> Vec<Row<'static>> {
    let mut kalends = Kalends::open(server);
    let mut rows = vec![Row::new("Kalends, over the wire", move |times| {
        kalends.seconds(times, ENTRIES)
    })];
    rows.extend(
        Peer::start_all()
            .into_iter()
            .map(|mut peer| Row::new(peer.name.clone(), move |times| peer.seconds(times, ENTRIES))),
    );
    rows
}
