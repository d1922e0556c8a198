/* One line, or one object, for each question. */

#include "cli/doctor/live_print.h"

#include "cli/front/term.h"

/* What the image demands: "block: nxdomain", "flag". */
static const char *demanded(const struct cf_live_probe *probe, char text[64])
{
	if (probe->decision.verdict == CF_VERDICT_BLOCK)
		snprintf(text, 64, "block: %s", cf_answer_text(probe->decision.answer->kind));
	else
		snprintf(text, 64, "%s", cf_verdict_text(probe->decision.verdict));
	return text;
}

void cli_live_print(const struct cf_live *live, FILE *to)
{
	static const enum cli_style styles[] = {CLI_YELLOW, CLI_RED, CLI_GREEN};
	static const char *const marks[] = {"?", "!", "ok"};
	char client[CF_ADDR_TEXT_BYTES], demand[64];

	if (!cf_live_was_heard(live)) {
		fprintf(
		    to, "%s gives no answer at all; does the resolver run there?\n", live->server);
		return;
	}
	fprintf(to, "asked %s as %s; listed names are in the hit log now\n", live->server,
	    cf_addr_format(&live->client, client));
	for (unsigned i = 0; i < live->probe_count; i++) {
		const struct cf_live_probe *probe = &live->probes[i];

		fprintf(to, "  %s%-2s%s %-15s %-40s %-16s got %s\n",
		    cli_term_style(to, styles[probe->agrees]), marks[probe->agrees],
		    cli_term_style(to, CLI_PLAIN), probe->kind, probe->name,
		    demanded(probe, demand), probe->got);
	}
}

void cli_live_json(const struct cf_live *live, struct cli_json *json)
{
	char demand[64];

	cli_json_text(json, "live_server", live->server);
	cli_json_open_array(json, "live");
	for (unsigned i = 0; i < live->probe_count; i++) {
		const struct cf_live_probe *probe = &live->probes[i];

		cli_json_open_object(json, NULL);
		cli_json_text(json, "kind", probe->kind);
		cli_json_text(json, "name", probe->name);
		cli_json_text(json, "demanded", demanded(probe, demand));
		cli_json_text(json, "got", probe->got);
		if (probe->agrees == CF_KNOWN_NOT)
			cli_json_null(json, "agrees");
		else
			cli_json_bool(json, "agrees", probe->agrees == CF_KNOWN_YES);
		cli_json_close_object(json);
	}
	cli_json_close_array(json);
}
