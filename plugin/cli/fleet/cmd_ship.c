/* `curfew ship`: sealed logs to collectors. */

#include "cli/front/cmd.h"

#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "fleet/ship/ship_status.h"
#include "fleet/ship/shipper.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "usage: curfew ship --to URL[,URL]... [options] [LOG]...\n"
    "\n"
    "Sends what the sealed logs of this sensor have to collectors (`curfew collect`), and goes on "
    "as\n"
    "they grow. The log is the queue: nothing is kept beside it, and after a kill or an outage it\n"
    "goes on from what the store has.\n"
    "\n"
    "  -t, --to URL[,URL]    collectors, https://HOST[:PORT]; the next one when one does not "
    "answer\n"
    "      --cert FILE       this sensor's certificate (PEM), its name is the sensor's\n"
    "      --key FILE        the certificate's key (PEM)\n"
    "      --ca FILE         who signs the collectors' certificates, instead of the system's\n"
    "      --seals N         send with so many seals, one a minute (16)\n"
    "      --wait SECONDS    or when the oldest waits so long (300); a block, an escape or a loss "
    "is\n"
    "                        sent at once\n"
    "      --once            end when all that is sealed by now is in the store\n"
    "      --status FILE     keep how it stands in this file\n"
    "      --timeout SECONDS of one request (60)\n"
    "\n"
    "LOG is a log by the name its writer has it (hits.jsonl when none is given); its rotated "
    "files\n"
    "are found.\n"
    "\n"
    "exit: 0 done, 2 usage, 4 cannot read, 5 with --once: not everything was taken\n";

struct request {
	struct cli_paths paths;
	const char *urls[CF_COLLECTORS];
	unsigned url_count;
	char url_texts[4096];
	size_t url_len;
	const char *certificate, *key, *ca, *status;
	unsigned seals, wait_s, timeout_s;
	bool once;
	bool status_is_told;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* One or several, with commas. */
static bool take_to(void *place, const struct cli_given *given)
{
	struct request *request = place;
	size_t len = strlen(given->value);
	char *at = request->url_texts + request->url_len;

	if (len + 1 > sizeof request->url_texts - request->url_len) {
		fputs("curfew: too many collectors\n", stderr);
		return false;
	}
	memcpy(at, given->value, len + 1);
	request->url_len += len + 1;
	for (char *rest = at, *url = strtok_r(at, ",", &rest); url != NULL;
	     url = strtok_r(NULL, ",", &rest)) {
		if (request->url_count == CF_COLLECTORS) {
			fprintf(stderr, "curfew: more than %d collectors\n", CF_COLLECTORS);
			return false;
		}
		request->urls[request->url_count++] = url;
	}
	return true;
}

static const struct cli_option table[] = {
    CLI_TAKEN("to", 't', take_to),
    CLI_WORD("cert", 0, struct request, certificate),
    CLI_WORD("key", 0, struct request, key),
    CLI_WORD("ca", 0, struct request, ca),
    CLI_NUMBER("seals", 0, struct request, seals, 256),
    CLI_NUMBER("wait", 0, struct request, wait_s, 86400),
    CLI_NUMBER("timeout", 0, struct request, timeout_s, 3600),
    CLI_SWITCH("once", 0, struct request, once),
    CLI_WORD("status", 0, struct request, status),
    CLI_OPTIONS_END,
};

static void say(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "curfew: %s\n", text);
}

static void report(void *arg, const struct cf_ship_report *now)
{
	struct request *request = arg;
	struct timespec clock;
	struct cf_error error;

	if (request->status == NULL)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &clock); /* cannot fail on Linux */
	if (cf_ship_status_write(request->status, now,
	        (int64_t)clock.tv_sec * 1000000 + clock.tv_nsec / 1000, &error) == CF_OK) {
		request->status_is_told = false;
		return;
	}
	if (!request->status_is_told)
		fprintf(stderr, "curfew: %s; shipping all the same\n", error.text);
	request->status_is_told = true;
}

static int exit_of(enum cf_status status)
{
	switch ((int)status) {
	case CF_OK:
		return CMD_OK;
	case CF_EAGAIN:
		return CMD_DEGRADED;
	case CF_EINVALID:
		return CMD_USAGE;
	default:
		return CMD_IO;
	}
}

static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	(void)sigaction(SIGINT, &action, NULL); /* valid arguments: cannot fail */
	(void)sigaction(SIGTERM, &action, NULL);
}

int cmd_ship(int argc, char **argv)
{
	struct request request = {.seals = 16, .wait_s = 300, .timeout_s = 60};
	const char *logs[CF_SHIP_LOGS] = {request.paths.log};
	size_t log_count = 1;
	struct cf_error error = {0};
	int result = CMD_USAGE;

	cli_paths_default(&request.paths);
	if (!cli_options_read(table, "ship", help, &request, argc, argv, &result))
		return result;
	if (argc - optind > CF_SHIP_LOGS || request.url_count == 0) {
		fputs(request.url_count == 0
		        ? "curfew: where to? (--to URL); `curfew ship --help` says more\n"
		        : "curfew: too many logs at once; start a second one\n",
		    stderr);
		return CMD_USAGE;
	}
	if (optind < argc)
		log_count = 0;
	while (optind < argc)
		logs[log_count++] = argv[optind++];
	const struct cf_shipper_options options = {.logs = logs,
	    .log_count = log_count,
	    .carrier = {.urls = request.urls,
	        .url_count = request.url_count,
	        .certificate = request.certificate,
	        .key = request.key,
	        .ca = request.ca,
	        .timeout_s = (long)request.timeout_s},
	    .most_seals = request.seals,
	    .most_wait_s = request.wait_s,
	    .once = request.once,
	    .stop = &stopped,
	    .say = say,
	    .report = report,
	    .arg = &request};

	catch_signals();
	enum cf_status status = cf_shipper_run(&options, &error);

	if (status != CF_OK)
		fprintf(stderr, "curfew: %s\n", error.text);
	return exit_of(status);
}
