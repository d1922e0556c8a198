#include "cli/evidence/evidence_say.h"

#include "cli/front/cmd.h"
#include "cli/front/term.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const words[] = {"confirmed", "note", "not confirmed", "contradicted"};

void cli_say_begin(struct cli_sayings *sayings, bool as_json)
{
	*sayings = (struct cli_sayings){.as_json = as_json};
	(void)pthread_mutex_init(&sayings->lock, NULL); /* never fails for a plain one */
	if (!as_json)
		return;
	sayings->json = cli_json_start(stdout);
	cli_json_open_object(&sayings->json, NULL);
	cli_json_open_array(&sayings->json, "findings");
}

static void print(enum cli_said said, const char *subject, const char *text)
{
	static const enum cli_style styles[] = {CLI_GREEN, CLI_PLAIN, CLI_YELLOW, CLI_RED};

	printf("%s%-13s%s %-10s ", cli_term_style(stdout, styles[said]), words[said],
	    cli_term_style(stdout, CLI_PLAIN), subject);
	cli_term_put(stdout, text);
	putchar('\n');
}

void cli_say(
    struct cli_sayings *sayings, enum cli_said said, const char *subject, const char *format, ...)
{
	char text[2 * CF_ERROR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	(void)pthread_mutex_lock(&sayings->lock);
	sayings->counts[said]++;
	if (sayings->as_json) {
		cli_json_open_object(&sayings->json, NULL);
		cli_json_text(&sayings->json, "finding", words[said]);
		cli_json_text(&sayings->json, "subject", subject);
		cli_json_text(&sayings->json, "text", text);
		cli_json_close_object(&sayings->json);
	} else {
		print(said, subject, text);
	}
	(void)pthread_mutex_unlock(&sayings->lock);
}

int cli_say_end(struct cli_sayings *sayings)
{
	const unsigned long *counts = sayings->counts;
	int code = counts[CLI_SAID_BAD] > 0 ? CMD_FOUND
	    : counts[CLI_SAID_UNKNOWN] > 0  ? CMD_DEGRADED
	                                    : CMD_OK;

	if (sayings->as_json) {
		cli_json_close_array(&sayings->json);
		cli_json_number(&sayings->json, "confirmed", (int64_t)counts[CLI_SAID_GOOD]);
		cli_json_number(&sayings->json, "notes", (int64_t)counts[CLI_SAID_NOTE]);
		cli_json_number(&sayings->json, "not_confirmed", (int64_t)counts[CLI_SAID_UNKNOWN]);
		cli_json_number(&sayings->json, "contradicted", (int64_t)counts[CLI_SAID_BAD]);
		cli_json_close_object(&sayings->json);
		cli_json_end(&sayings->json);
	} else {
		printf("%s: %lu confirmed, %lu contradicted, %lu not confirmed\n",
		    code == CMD_FOUND          ? "this is not what it says"
		        : code == CMD_DEGRADED ? "nothing contradicts it, and not all was confirmed"
		                               : "all of it was confirmed",
		    counts[CLI_SAID_GOOD], counts[CLI_SAID_BAD], counts[CLI_SAID_UNKNOWN]);
	}
	(void)pthread_mutex_destroy(&sayings->lock);
	return code;
}
