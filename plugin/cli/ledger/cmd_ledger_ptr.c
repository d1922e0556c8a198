/* curfew ledger ptr: asks what addresses are called, for hosts that have no name. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/term.h"
#include "cli/ledger/ledger_cmd.h"
#include "cli/ledger/ledger_model.h"

#include "base/addr.h"
#include "ledger/ptr.h"
#include "names/name.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unbound.h>

static const char help[] =
    "usage: curfew ledger ptr [options]\n"
    "\n"
    "Asks the network (PTR) what the addresses of hosts without a name are called, and keeps the\n"
    "answers beside the ledger; reports show them. Asks nothing again before a week has passed.\n"
    "\n"
    "  -l, --ledger FILE    the ledger\n"
    "  -F, --forward ADDR   ask this resolver (ADDR or ADDR@PORT); may be given again; else the "
    "system's\n"
    "  -s, --site SITE      hosts of this site, whose names these resolvers know; else those "
    "without\n"
    "  -r, --rate N         questions a second (50)\n"
    "  -m, --most N         hosts asked about at most (10000)\n"
    "      --age DAYS       ask again after so many days (7)\n"
    "\n"
    "exit: 0 done, 2 usage, 4 input/output\n";

#define PTR_TYPE     12
#define DNS_CLASS_IN 1
#define IN_FLIGHT    50
#define FORWARDS     16
/* Nothing came back for so long: the rest is left for another day. */
#define STALL_S 15

struct ptr_run {
	struct cli_model model;
	const char *forwards[FORWARDS];
	size_t forward_count;
	const char *site;
	unsigned rate, most, age_days;
	struct ub_ctx *ctx;
	struct cf_ptrs *ptrs;
	int64_t now_s;
	size_t asked, answered, named;
	bool failed;
	struct cli_progress progress;
};

/* One question on its way; freed by its answer. */
struct question {
	struct ptr_run *run;
	char place[CF_ADDR_TEXT_BYTES + CF_LEDGER_TEXT_BYTES + 2];
};

static void take_answer(void *arg, int code, struct ub_result *result)
{
	struct question *question = arg;
	struct ptr_run *run = question->run;
	char text[CF_NAME_TEXT_BYTES] = "";
	struct cf_name name;

	run->answered++;
	/* A failure is no answer: it is asked again next time. */
	if (code == 0 && result->bogus == 0 && (result->rcode == 0 || result->rcode == 3)) {
		if (result->havedata != 0 && result->data[0] != NULL &&
		    cf_name_from_wire(
		        (const uint8_t *)result->data[0], (size_t)result->len[0], &name) == CF_OK)
			cf_name_format(&name, text);
		const struct cf_ptr ptr = {
		    .asked_wall_s = run->now_s, .place = question->place, .name = text};

		if (cf_ptrs_put(run->ptrs, &ptr) != CF_OK)
			run->failed = true;
		run->named += text[0] != '\0';
	}
	ub_resolve_free(result);
	free(question);
}

/* "5.0.0.10.in-addr.arpa" or the nibbles of ip6.arpa (RFC 1035 3.5, RFC 3596 2.5). */
static void reverse_name(const struct cf_addr *addr, char name[80])
{
	size_t at = 0;

	if (addr->family == CF_FAMILY_V4) {
		snprintf(name, 80, "%u.%u.%u.%u.in-addr.arpa", addr->bytes[3], addr->bytes[2],
		    addr->bytes[1], addr->bytes[0]);
		return;
	}
	for (int i = 15; i >= 0; i--)
		at += (size_t)snprintf(
		    name + at, 80 - at, "%x.%x.", addr->bytes[i] & 15, addr->bytes[i] >> 4);
	snprintf(name + at, 80 - at, "ip6.arpa");
}

static bool ask(struct ptr_run *run, const struct cf_host *host)
{
	struct question *question;
	struct cf_addr addr;
	char name[80];

	if (cf_addr_parse(host->addr, &addr) != CF_OK)
		return true;
	question = calloc(1, sizeof *question);
	if (question == NULL)
		return false;
	question->run = run;
	snprintf(question->place, sizeof question->place, "%s@%s", host->addr, host->site);
	reverse_name(&addr, name);
	if (ub_resolve_async(run->ctx, name, PTR_TYPE, DNS_CLASS_IN, question, take_answer, NULL) !=
	    0) {
		free(question);
		return false;
	}
	run->asked++;
	return true;
}

/* Lets answers come in: until fewer than most are missing, or nothing has come for a while. */
static bool wait_for(struct ptr_run *run, size_t most, int pause_ms)
{
	size_t before = run->answered;
	time_t last = time(NULL);

	for (;;) {
		struct pollfd fd = {.fd = ub_fd(run->ctx), .events = POLLIN};
		int ready = poll(&fd, 1, pause_ms > 0 ? pause_ms : 1000);

		if (ready > 0 && ub_process(run->ctx) != 0)
			return false;
		cli_progress_update(&run->progress, run->answered);
		if (run->answered != before) {
			before = run->answered;
			last = time(NULL);
		}
		if (run->asked - run->answered <= most)
			return true;
		if (time(NULL) - last > STALL_S)
			return false;
		pause_ms = 0;
	}
}

static bool is_wanted(const struct ptr_run *run, const struct cf_host *host)
{
	if (host->addr[0] == '\0' || strcmp(host->site, run->site) != 0)
		return false;
	const struct cf_ptr *known = cf_ptrs_find(run->ptrs, host->addr, host->site);

	if (known != NULL)
		return run->now_s - known->asked_wall_s >= run->age_days * INT64_C(86400);
	return host->name[0] == '\0';
}

static bool ask_all(struct ptr_run *run)
{
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(run->model.model, &hosts);

	for (size_t i = 0; i < count && run->asked < run->most; i++) {
		if (!is_wanted(run, hosts[i]))
			continue;
		if (!ask(run, hosts[i]))
			return false;
		if (!wait_for(run, IN_FLIGHT, (int)(1000 / run->rate)))
			return false;
	}
	return wait_for(run, 0, 10);
}

static int start_resolver(struct ptr_run *run)
{
	run->ctx = ub_ctx_create();
	if (run->ctx == NULL)
		return CMD_IO;
	(void)ub_ctx_async(run->ctx, 1); /* a thread instead of a process */
	if (run->forward_count == 0)
		(void)ub_ctx_resolvconf(run->ctx, NULL); /* without one it asks the roots itself */
	for (size_t i = 0; i < run->forward_count; i++)
		if (ub_ctx_set_fwd(run->ctx, run->forwards[i]) != 0) {
			fprintf(stderr,
			    "curfew ledger ptr: '%s' is not the address of a resolver\n",
			    run->forwards[i]);
			return CMD_USAGE;
		}
	(void)ub_ctx_set_option(run->ctx, "do-not-query-localhost:", "no");
	/* Private reverse zones are the point here; libunbound answers them itself otherwise. */
	(void)ub_ctx_set_option(run->ctx, "unblock-lan-zones:", "yes");
	(void)ub_ctx_set_option(run->ctx, "insecure-lan-zones:", "yes");
	return CMD_OK;
}

static int run_all(struct ptr_run *run)
{
	struct cf_error error = {0};
	int code = cli_model_load(&run->model);

	if (code == CMD_OK && cf_ptrs_open(run->model.ledger_path, &run->ptrs) != CF_OK)
		code = CMD_IO;
	if (code == CMD_OK)
		code = start_resolver(run);
	if (code != CMD_OK)
		return code;
	run->progress = cli_progress_start("asking", 0);
	bool complete = ask_all(run);

	cli_progress_end(&run->progress);
	enum cf_status status =
	    run->failed ? CF_ENOMEM : cf_ptrs_save(run->ptrs, run->model.ledger_path, &error);

	if (status != CF_OK)
		return cli_ledger_failed("ledger ptr", status, &error);
	printf("%zu asked, %zu answered, %zu have a name\n", run->asked, run->answered, run->named);
	if (!complete)
		fputs(
		    "curfew ledger ptr: no more answers come; the rest is left for another time\n",
		    stderr);
	return CMD_OK;
}

static bool take_forward(void *place, const struct cli_given *given)
{
	struct ptr_run *run = place;

	if (run->forward_count == FORWARDS) {
		fprintf(stderr, "curfew ledger ptr: more than %d forwarders\n", FORWARDS);
		return false;
	}
	run->forwards[run->forward_count++] = given->value;
	return true;
}

static const struct cli_option options[] = {
    CLI_WORD("ledger", 'l', struct ptr_run, model.ledger_path),
    CLI_TAKEN("forward", 'F', take_forward),
    CLI_WORD("site", 's', struct ptr_run, site),
    CLI_NUMBER("rate", 'r', struct ptr_run, rate, 1000000),
    CLI_NUMBER("most", 'm', struct ptr_run, most, 1000000),
    CLI_NUMBER("age", 0, struct ptr_run, age_days, 1000000),
    CLI_OPTIONS_END,
};

int cmd_ledger_ptr(int argc, char **argv)
{
	struct ptr_run run = {
	    .site = "", .rate = 50, .most = 10000, .age_days = 7, .now_s = time(NULL)};
	int code;

	cli_model_init(&run.model, "ledger ptr");
	if (!cli_options_read(options, "ledger ptr", help, &run, argc, argv, &code))
		return code;
	code = run_all(&run);
	if (run.ctx != NULL)
		ub_ctx_delete(run.ctx);
	cf_ptrs_close(run.ptrs);
	cli_model_done(&run.model);
	return code;
}
