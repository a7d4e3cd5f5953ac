// A ticket as an entry of a calendar (RFC 5545).
import type { ShopEvent, Ticket } from "./api.ts";

const stamp = (value: string): string => new Date(value).toISOString().replace(/[-:]|\.\d{3}/g, "");
const escaped = (text: string): string => text.replace(/[\\;,]/g, (each) => `\\${each}`).replace(/\r?\n/g, "\\n");

/** Fold a line after at most 75 octets, never within a letter. */
function folded(line: string): string {
  const lines: string[] = [];
  let current = "";
  let octets = 0;
  for (const letter of line) {
    const size = new TextEncoder().encode(letter).length;
    if (octets + size > 74) {
      lines.push(current);
      current = " ";
      octets = 1;
    }
    current += letter;
    octets += size;
  }
  return [...lines, current].join("\r\n");
}

/** Return the text of an `.ics` file. */
export function calendarOf(ticket: Ticket, event: Pick<ShopEvent, "ends_at" | "venue"> | null): string {
  const place = [event?.venue?.name ?? ticket.event.venue_name, event?.venue?.address, event?.venue?.city].filter(Boolean).join(", ");
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Gatehouse//Shop//EN",
    "BEGIN:VEVENT",
    `UID:${ticket.id}@gatehouse`,
    `DTSTAMP:${stamp(new Date().toISOString())}`,
    `DTSTART:${stamp(ticket.event.starts_at)}`,
    ...(event ? [`DTEND:${stamp(event.ends_at)}`] : []),
    `SUMMARY:${escaped(ticket.event.title)}`,
    ...(place ? [`LOCATION:${escaped(place)}`] : []),
    `DESCRIPTION:${escaped(`${ticket.category.name ?? ""} ${ticket.number}`.trim())}`,
    `URL:${location.origin}/tickets/${ticket.id}`,
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return `${lines.map(folded).join("\r\n")}\r\n`;
}
