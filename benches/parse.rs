//! Reading a calendar view of 500 entries, from bytes to events, beside bare tokenising of the same bytes by the same
//! XML library, turn by turn in one run. Processor time is measured, so that other work on the machine matters little.

#![expect(clippy::unwrap_used, reason = "a benchmark")]

use kalends::untrusted::calendar_view;
use quick_xml::{events::Event, reader::Reader};
use rustix::time::{ClockId, clock_gettime};
use std::{fmt::Write as _, hint::black_box};

const ENTRIES: u32 = 500;
const TURNS: usize = 15;
const REPEAT: usize = 8;

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

/// Seconds of processor time of this process.
#[expect(clippy::cast_precision_loss, reason = "seconds of one run")]
fn seconds(work: impl Fn()) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let begun = now();
    for _ in 0..REPEAT {
        work();
    }
    now() - begun
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "a count of entries")]
fn main() {
    let bytes = view();
    let (mut bare, mut whole, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let (tokens, events) = (seconds(|| tokenise(&bytes)), seconds(|| read(&bytes)));
        // The first turn warms up.
        if turn > 0 {
            bare.push(tokens);
            whole.push(events);
            ratios.push(tokens / events);
        }
    }
    let rate = |time: f64| f64::from(ENTRIES) * REPEAT as f64 / time;
    println!(
        "A calendar view of {ENTRIES} entries, {} bytes, median of {TURNS} turns",
        bytes.len()
    );
    println!("| what | entries per CPU-second | against bare tokens |");
    println!("|---|---|---|");
    println!(
        "| quick-xml, tokens alone | {:.0} | 1.00 |",
        rate(median(bare))
    );
    println!(
        "| Kalends, bytes to events | {:.0} | {:.2} |",
        rate(median(whole)),
        median(ratios)
    );
}
