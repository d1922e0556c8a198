/* `curfew collect`: what sensors send, into a ledger. */

#include "cli/front/cmd.h"

#include "base/input_file.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "fleet/collect/collector.h"
#include "fleet/collect/gate_ledger.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Certificates of an authority, its chain included. */
#define PEM_BYTES (1u << 20)

static const char help[] =
    "usage: curfew collect --listen ADDR:PORT --cert FILE --key FILE --client-ca FILE [options]\n"
    "       curfew collect --listen 127.0.0.1:PORT --behind-proxy [options]\n"
    "\n"
    "Takes what sensors send (`curfew ship`) into a ledger, and tells them so when it is there "
    "for\n"
    "good. Keeps nothing itself: any number of collectors may serve one ledger in PostgreSQL.\n"
    "\n"
    "  -l, --listen PLACE    ADDR:PORT, [ADDR]:PORT or unix:PATH (127.0.0.1:8443)\n"
    "  -L, --ledger LEDGER   a file, or postgresql://... (the ledger of this machine)\n"
    "\n"
    "who a client is:\n"
    "      --cert FILE       TLS with this certificate (PEM),\n"
    "      --key FILE        its key,\n"
    "      --client-ca FILE  and clients whose certificates these sign: a sensor's name has to be "
    "in\n"
    "                        its certificate\n"
    "      --behind-proxy    a proxy on this machine verified them, and hands the certificate on\n"
    "                        (X-Curfew-Client)\n"
    "      --anyone          nobody asks: whoever reaches 127.0.0.1 or the socket may be any "
    "sensor\n"
    "\n"
    "limits:\n"
    "      --connections N   at one time (1024)\n"
    "      --seconds N       that a request may take to come (60)\n"
    "      --memory MIB      of bodies at one time (48); a larger one comes alone\n"
    "\n"
    "exit: 0 told to stop, 2 usage, 4 cannot listen or read\n";

struct request {
	struct cli_paths paths;
	const char *listen, *ledger, *certificate, *key, *client_ca;
	unsigned connections, seconds, memory_mib;
	bool behind_proxy, anyone;
	char *pems[3]; /* of certificate, key, client_ca */
};

static const struct cli_option table[] = {
    CLI_WORD("listen", 'l', struct request, listen),
    CLI_WORD("ledger", 'L', struct request, ledger),
    CLI_WORD("cert", 0, struct request, certificate),
    CLI_WORD("key", 0, struct request, key),
    CLI_WORD("client-ca", 0, struct request, client_ca),
    CLI_SWITCH("behind-proxy", 0, struct request, behind_proxy),
    CLI_SWITCH("anyone", 0, struct request, anyone),
    CLI_NUMBER("connections", 0, struct request, connections, 100000),
    CLI_NUMBER("seconds", 0, struct request, seconds, 3600),
    CLI_NUMBER("memory", 0, struct request, memory_mib, 65536),
    CLI_OPTIONS_END,
};

static void say(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "curfew: %s\n", text);
}

/* NULL after a message. */
static char *read_pem(const char *path)
{
	char *text = calloc(1, PEM_BYTES + 1);
	struct cf_error error = {.status = CF_OK, .text = "no memory"};
	FILE *file = NULL;
	size_t len = 0;

	if (text != NULL && cf_input_open_stream(path, &file, &error) == CF_OK) {
		len = fread(text, 1, PEM_BYTES, file);
		if (len == 0 || ferror(file) != 0)
			(void)cf_error_set(
			    &error, CF_EIO, "'%s' is empty, or cannot be read", path);
		(void)fclose(file); /* only read */
	}
	if (len > 0 && error.status != CF_EIO)
		return text;
	fprintf(stderr, "curfew collect: %s\n", error.text);
	free(text);
	return NULL;
}

static bool read_pems(struct request *request)
{
	const char *const paths[] = {request->certificate, request->key, request->client_ca};

	for (size_t i = 0; i < 3; i++) {
		request->pems[i] = paths[i] == NULL ? NULL : read_pem(paths[i]);
		if (paths[i] != NULL && request->pems[i] == NULL)
			return false;
	}
	return true;
}

/* Exactly one way to know who a client is. */
static bool is_clear(const struct request *request)
{
	bool some =
	    request->certificate != NULL || request->key != NULL || request->client_ca != NULL;
	bool all =
	    request->certificate != NULL && request->key != NULL && request->client_ca != NULL;

	return some == all && all + request->behind_proxy + request->anyone == 1;
}

/* Until a signal: it is blocked in all threads, and waited for here. */
static void tend(struct cf_collector *collector, const sigset_t *signals)
{
	const struct timespec second = {.tv_sec = 1};

	while (sigtimedwait(signals, NULL, &second) < 0)
		cf_collector_tend(collector);
}

static int collect(const struct request *request, struct cf_gate_ledger *ledger)
{
	const struct cf_collector_options options = {.listen = request->listen,
	    .names = request->anyone    ? CF_COLLECTOR_ANYONE
	        : request->behind_proxy ? CF_COLLECTOR_PROXY
	                                : CF_COLLECTOR_TLS,
	    .certificate = request->pems[0],
	    .key = request->pems[1],
	    .client_ca = request->pems[2],
	    .connections = request->connections,
	    .seconds = request->seconds,
	    .memory_bytes = (size_t)request->memory_mib << 20,
	    .say = say,
	    .gate = cf_gate_ledger_gate(ledger)};
	struct cf_collector *collector;
	struct cf_error error;
	sigset_t signals;

	(void)sigemptyset(&signals); /* valid arguments: none of these can fail */
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	enum cf_status status = cf_collector_start(&options, &collector, &error);

	if (status != CF_OK) {
		fprintf(stderr, "curfew: %s\n", error.text);
		return status == CF_EINVALID ? CMD_USAGE : CMD_IO;
	}
	if (cf_collector_port(collector) > 0)
		fprintf(stderr, "curfew: collecting at port %u\n", cf_collector_port(collector));
	tend(collector, &signals);
	cf_collector_stop(collector);
	return CMD_OK;
}

int cmd_collect(int argc, char **argv)
{
	struct request request = {.listen = "127.0.0.1:8443"};
	struct cf_gate_ledger *ledger = NULL;
	int result = CMD_USAGE;

	cli_paths_default(&request.paths);
	request.ledger = request.paths.ledger;
	if (!cli_options_read(table, "collect", help, &request, argc, argv, &result))
		return result;
	if (optind < argc || !is_clear(&request)) {
		fputs("curfew: give one of --cert with --key and --client-ca, --behind-proxy and "
		      "--anyone; `curfew collect --help` says more\n",
		    stderr);
		return CMD_USAGE;
	}
	result = CMD_IO;
	if (read_pems(&request) && cf_gate_ledger_new(request.ledger, say, NULL, &ledger) == CF_OK)
		result = collect(&request, ledger);
	cf_gate_ledger_free(ledger);
	for (size_t i = 0; i < 3; i++)
		free(request.pems[i]);
	return result;
}
