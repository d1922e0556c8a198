#include "cli/evidence/findings_print.h"

#include "cli/front/cmd.h"
#include "cli/front/term.h"

#include <stdio.h>

static const char *const words[] = {"confirmed", "note", "not confirmed", "contradicted"};

static void begin_json(struct cli_findings *findings)
{
	if (findings->begun)
		return;
	findings->begun = true;
	findings->json = cli_json_start(stdout);
	cli_json_open_object(&findings->json, NULL);
	cli_json_open_array(&findings->json, "findings");
}

static void print(enum cf_said said, const char *subject, const char *text)
{
	static const enum cli_style styles[] = {CLI_GREEN, CLI_PLAIN, CLI_YELLOW, CLI_RED};

	printf("%s%-13s%s %-10s ", cli_term_style(stdout, styles[said]), words[said],
	    cli_term_style(stdout, CLI_PLAIN), subject);
	cli_term_put(stdout, text);
	putchar('\n');
}

void cli_findings_hear(void *context, enum cf_said said, const char *subject, const char *text)
{
	struct cli_findings *findings = context;
	struct cli_json *json = &findings->json;

	if (!findings->as_json) {
		print(said, subject, text);
		return;
	}
	begin_json(findings);
	cli_json_open_object(json, NULL);
	cli_json_text(json, "finding", words[said]);
	cli_json_text(json, "subject", subject);
	cli_json_text(json, "text", text);
	cli_json_close_object(json);
}

static void end_json(struct cli_findings *findings, const unsigned long counts[CF_SAID_KINDS])
{
	struct cli_json *json = &findings->json;

	begin_json(findings);
	cli_json_close_array(json);
	cli_json_number(json, "confirmed", (int64_t)counts[CF_SAID_GOOD]);
	cli_json_number(json, "notes", (int64_t)counts[CF_SAID_NOTE]);
	cli_json_number(json, "not_confirmed", (int64_t)counts[CF_SAID_UNKNOWN]);
	cli_json_number(json, "contradicted", (int64_t)counts[CF_SAID_BAD]);
	cli_json_close_object(json);
	cli_json_end(json);
}

int cli_findings_end(struct cli_findings *findings, const struct cf_sayings *sayings)
{
	static const struct {
		enum cmd_exit code;
		const char *text;
	} conclusions[] = {[CF_SAID_GOOD] = {CMD_OK, "all of it was confirmed"},
	    [CF_SAID_UNKNOWN] = {CMD_DEGRADED, "nothing contradicts it, and not all was confirmed"},
	    [CF_SAID_BAD] = {CMD_FOUND, "this is not what it says"}};
	const unsigned long *counts = sayings->counts;
	enum cf_said worst = cf_sayings_worst(sayings);

	if (findings->as_json)
		end_json(findings, counts);
	else
		printf("%s: %lu confirmed, %lu contradicted, %lu not confirmed\n",
		    conclusions[worst].text, counts[CF_SAID_GOOD], counts[CF_SAID_BAD],
		    counts[CF_SAID_UNKNOWN]);
	return (int)conclusions[worst].code;
}
