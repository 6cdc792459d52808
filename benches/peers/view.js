// Reads a calendar view with ews-javascript-api, for the benchmark. It speaks with the benchmark as view.py does.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import ews from "ews-javascript-api";

const { AppointmentSchema, DateTime, FolderId, Mailbox } = ews;
const { version } = createRequire(import.meta.url)("ews-javascript-api/package.json");
const given = process.env;

const service = new ews.ExchangeService(ews.ExchangeVersion.Exchange2013_SP1);
service.Credentials = new ews.WebCredentials(given.PEERS_ACCOUNT, given.PEERS_PASSWORD);
service.Url = new ews.Uri(given.PEERS_EWS);

const calendar = new FolderId(ews.WellKnownFolderName.Calendar, new Mailbox(given.PEERS_ACCOUNT));
const view = new ews.CalendarView(DateTime.Parse(given.PEERS_START), DateTime.Parse(given.PEERS_END), 1000);
// It knows no wall clocks and reads no zone out of an answer.
view.PropertySet = new ews.PropertySet(ews.BasePropertySet.IdOnly, [
  AppointmentSchema.Subject,
  AppointmentSchema.Sensitivity,
  AppointmentSchema.LastModifiedTime,
  AppointmentSchema.ICalUid,
  AppointmentSchema.Start,
  AppointmentSchema.End,
  AppointmentSchema.IsAllDayEvent,
  AppointmentSchema.LegacyFreeBusyStatus,
  AppointmentSchema.Location,
  AppointmentSchema.IsCancelled,
  AppointmentSchema.AppointmentType,
  AppointmentSchema.Organizer,
]);

async function read() {
  const found = await service.FindAppointments(calendar, view);
  return found.Items;
}

console.log(`ews-javascript-api ${version}, FindItem alone`);
for await (const line of createInterface({ input: process.stdin })) {
  await read();
  const begun = process.cpuUsage();
  let items = [];
  for (let call = 0; call < Number(line); call += 1) {
    items = await read();
  }
  const { user, system } = process.cpuUsage(begun);
  console.log((user + system) / 1e6, items.filter((item) => item.Subject && item.End).length);
}
