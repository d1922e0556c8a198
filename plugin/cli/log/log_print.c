/* Records for people. */

#include "cli/log/log_print.h"

#include "cli/front/term.h"

#include <string.h>

/* Wide enough for "resolver" words and most of the project's categories. */
#define ACTION_WIDTH   16
#define VIA_WIDTH      11
#define CATEGORY_WIDTH 15
#define V4_WIDTH       15

struct log_printer log_printer_start(FILE *to)
{
	return (struct log_printer){.to = to, .client_width = V4_WIDTH};
}

/* Foreign text: bytes that could steer a terminal are shown as \xNN. Returns the columns it took.
 */
static int put_text(FILE *to, struct cf_text text)
{
	int width = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte >= 0x20 && byte < 0x7f) {
			putc(byte, to);
			width++;
		} else {
			width += fprintf(to, "\\x%02x", byte);
		}
	}
	return width;
}

static void pad(FILE *to, int width, int wanted)
{
	fprintf(to, "%*s", width < wanted ? wanted - width + 1 : 1, "");
}

static void put_column(FILE *to, struct cf_text text, int wanted)
{
	pad(to, put_text(to, text), wanted);
}

static struct cf_text word(const char *text)
{
	return (struct cf_text){.data = text, .len = strlen(text)};
}

/* "2024-10-01T08:14:03Z": seconds are enough for people. */
static void put_time(FILE *to, const struct cf_record *record)
{
	const char *style = cli_term_style(to, CLI_DIM), *end = cli_term_style(to, CLI_PLAIN);
	size_t len = record->timestamp.len < 19 ? record->timestamp.len : 19;

	fputs(style, to);
	put_text(to, (struct cf_text){.data = record->timestamp.data, .len = len});
	fprintf(to, "Z%s  ", end);
}

static enum cli_style action_style(enum cf_action action)
{
	switch (action) {
	case CF_ACTION_BLOCK:
		return CLI_RED;
	case CF_ACTION_FLAG:
	case CF_ACTION_OBSERVE:
		return CLI_YELLOW;
	case CF_ACTION_ALLOW:
		break;
	}
	return CLI_GREEN;
}

/* What was done, and how it was answered: "block nxdomain". */
static void put_action(FILE *to, const struct cf_record *record)
{
	int width = 0;

	fputs(cli_term_style(to, action_style(record->action)), to);
	width += put_text(to, word(cf_action_text(record->action)));
	if (record->dns.answer.len > 0) {
		putc(' ', to);
		width += 1 + put_text(to, record->dns.answer);
	}
	fputs(cli_term_style(to, CLI_PLAIN), to);
	pad(to, width, ACTION_WIDTH);
}

static void put_client(struct log_printer *printer, const struct cf_record *record)
{
	char text[CF_ADDR_TEXT_BYTES];
	int width;

	cf_addr_format(&record->src, text);
	if (text[0] == '\0')
		memcpy(text, "-", 2); /* 46 bytes are there */
	width = (int)strlen(text);
	if (width > printer->client_width)
		printer->client_width = width;
	fprintf(printer->to, "%-*s  ", printer->client_width, text);
}

/* Is there nothing to say about a connection but its address? */
static bool value_is(const struct cf_record *r, const char *text)
{
	return r->tls.sni.len == 0 && r->http.host.len == 0 && text[0] != '\0' &&
	    r->match.value.len == strlen(text) &&
	    memcmp(r->match.value.data, text, strlen(text)) == 0;
}

/* The thing itself: the name asked for, or where the connection went. */
static void put_subject(FILE *to, const struct cf_record *r)
{
	char dest[CF_ADDR_TEXT_BYTES] = "";

	fputs(cli_term_style(to, CLI_BOLD), to);
	if (r->dns.qname.len > 0)
		put_text(to, r->dns.qname);
	else if (r->tls.sni.len > 0)
		put_text(to, r->tls.sni);
	else if (r->http.host.len > 0)
		put_text(to, r->http.host);
	else if (!value_is(r, cf_addr_format(&r->dest, dest)))
		put_text(to, r->match.value);
	fputs(cli_term_style(to, CLI_PLAIN), to);
	if (r->dns.qtype.len > 0) {
		putc(' ', to);
		put_text(to, r->dns.qtype);
	}
	if (r->http.uri.len > 0) {
		putc(' ', to);
		put_text(to, r->http.uri);
	}
	if (r->dns.qname.len == 0 && r->dest.family != CF_FAMILY_NONE)
		fprintf(to, "%s%s port %u", value_is(r, dest) ? "" : " to ",
		    cf_addr_format(&r->dest, dest), (unsigned)r->dest_port);
	if (r->dns.cname.len > 0) {
		fputs(" -> ", to);
		put_text(to, r->dns.cname);
	}
}

static void put_rule(FILE *to, const struct cf_record *r)
{
	if (r->match.rule.len == 0)
		return;
	fputs(cli_term_style(to, CLI_DIM), to);
	fputs("  [", to);
	put_text(to, r->match.rule);
	if (r->match.list.len > 0) {
		fputs(" in ", to);
		put_text(to, r->match.list);
	}
	putc(']', to);
	fputs(cli_term_style(to, CLI_PLAIN), to);
}

static void put_remarks(FILE *to, const struct cf_record *r)
{
	if (r->flow.escape)
		fprintf(to, "  %sescaped%s", cli_term_style(to, CLI_RED),
		    cli_term_style(to, CLI_PLAIN));
	if (r->flow.dns_seen == CF_DNS_HARDCODED)
		fputs("  hard-coded", to);
	if (r->policy.exception_owner.len > 0) {
		fputs("  exception of ", to);
		put_text(to, r->policy.exception_owner);
	}
	if (r->count > 1)
		fprintf(to, "  x%llu", (unsigned long long)r->count);
}

static void print_hit(struct log_printer *printer, const struct cf_record *r)
{
	put_client(printer, r);
	put_action(printer->to, r);
	put_column(
	    printer->to, r->via == CF_VIA_COUNT ? word("?") : word(cf_via_text(r->via)), VIA_WIDTH);
	put_column(printer->to, r->match.category, CATEGORY_WIDTH);
	put_subject(printer->to, r);
	put_rule(printer->to, r);
	put_remarks(printer->to, r);
}

static void print_identity(struct log_printer *printer, const struct cf_record *r)
{
	FILE *to = printer->to;

	put_client(printer, r);
	fputs("is ", to);
	put_text(to, r->identity.name);
	if (r->has_src_mac)
		fprintf(to, " %02x:%02x:%02x:%02x:%02x:%02x", r->src_mac[0], r->src_mac[1],
		    r->src_mac[2], r->src_mac[3], r->src_mac[4], r->src_mac[5]);
	fputs(" (", to);
	put_text(to, r->identity.kind);
	putc(')', to);
	if (r->identity.router)
		fputs(", a router", to);
	if (r->identity.end.len > 0) {
		fputs(", ", to);
		put_text(to, r->identity.end);
	}
}

/* Start, stop, heartbeat, lost: what a sensor says about itself. */
static void print_event(FILE *to, const struct cf_record *r)
{
	const struct cf_sensor_report *report = &r->report;

	if (r->event == CF_EVENT_LOST)
		fputs(cli_term_style(to, CLI_RED), to);
	put_text(to, r->source);
	putc(' ', to);
	put_text(to, r->sensor);
	fprintf(to, ": %s", cf_event_text(r->event));
	if (r->event == CF_EVENT_START) {
		fputs(", log found ", to);
		put_text(to, report->found);
		if (report->repaired_bytes > 0)
			fprintf(to, ", %llu bytes of a torn line ended",
			    (unsigned long long)report->repaired_bytes);
	} else {
		if (r->event != CF_EVENT_LOST)
			fprintf(to, ", %llu hits", (unsigned long long)report->hits);
		if (report->lost_queue != 0 || report->lost_disk != 0)
			fprintf(to, ", lost %llu by full queues and %llu by the disk",
			    (unsigned long long)report->lost_queue,
			    (unsigned long long)report->lost_disk);
	}
	fputs(cli_term_style(to, CLI_PLAIN), to);
}

void log_printer_heading(struct log_printer *printer)
{
	FILE *to = printer->to;

	fprintf(to, "%s%-20s  %-*s  %-*s %-*s %-*s %s%s\n", cli_term_style(to, CLI_BOLD), "TIME",
	    printer->client_width, "CLIENT", ACTION_WIDTH, "VERDICT", VIA_WIDTH, "VIA",
	    CATEGORY_WIDTH, "CATEGORY", "WHAT", cli_term_style(to, CLI_PLAIN));
}

void log_printer_print(struct log_printer *printer, const struct cf_record *record)
{
	put_time(printer->to, record);
	if (record->is_hit)
		print_hit(printer, record);
	else if (record->event == CF_EVENT_IDENTITY)
		print_identity(printer, record);
	else
		print_event(printer->to, record);
	putc('\n', printer->to);
}
