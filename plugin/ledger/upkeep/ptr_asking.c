/* Many questions at once, at a bounded rate, through libunbound. */

#include "ledger/upkeep/ptr_asking.h"

#include "base/addr.h"
#include "ledger/ptr.h"
#include "names/name.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unbound.h>

#define PTR_TYPE     12
#define DNS_CLASS_IN 1
#define IN_FLIGHT    50
/* Nothing came back for so long: the rest is left for another day. */
#define STALL_S 15

struct run {
	struct cf_ptr_asking *asking;
	struct ub_ctx *ctx;
	struct cf_ptrs *ptrs;
	bool failed;
};

/* One question on its way; freed by its answer. */
struct question {
	struct run *run;
	char place[CF_ADDR_TEXT_BYTES + CF_LEDGER_TEXT_BYTES + 2];
};

static void take_answer(void *arg, int code, struct ub_result *result)
{
	struct question *question = arg;
	struct run *run = question->run;
	char text[CF_NAME_TEXT_BYTES] = "";
	struct cf_name name;

	run->asking->answered++;
	/* A failure is no answer: it is asked again next time. */
	if (code == 0 && result->bogus == 0 && (result->rcode == 0 || result->rcode == 3)) {
		if (result->havedata != 0 && result->data[0] != NULL &&
		    cf_name_from_wire(
		        (const uint8_t *)result->data[0], (size_t)result->len[0], &name) == CF_OK)
			cf_name_format(&name, text);
		const struct cf_ptr ptr = {
		    .asked_wall_s = run->asking->now_s, .place = question->place, .name = text};

		if (cf_ptrs_put(run->ptrs, &ptr) != CF_OK)
			run->failed = true;
		run->asking->named += text[0] != '\0';
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

static bool ask(struct run *run, const struct cf_host *host)
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
	run->asking->asked++;
	return true;
}

/* Lets answers come in: until fewer than most are missing, or nothing has come for a while. */
static bool wait_for(struct run *run, size_t most, int pause_ms)
{
	size_t before = run->asking->answered;
	time_t last = time(NULL);

	for (;;) {
		struct pollfd fd = {.fd = ub_fd(run->ctx), .events = POLLIN};
		int ready = poll(&fd, 1, pause_ms > 0 ? pause_ms : 1000);

		if (ready > 0 && ub_process(run->ctx) != 0)
			return false;
		if (run->asking->progress != NULL)
			run->asking->progress(run->asking->arg, run->asking->answered);
		if (run->asking->answered != before) {
			before = run->asking->answered;
			last = time(NULL);
		}
		if (run->asking->asked - run->asking->answered <= most)
			return true;
		if (time(NULL) - last > STALL_S)
			return false;
		pause_ms = 0;
	}
}

static bool is_wanted(const struct run *run, const struct cf_host *host)
{
	if (host->addr[0] == '\0' || strcmp(host->site, run->asking->site) != 0)
		return false;
	const struct cf_ptr *known = cf_ptrs_find(run->ptrs, host->addr, host->site);

	if (known != NULL)
		return run->asking->now_s - known->asked_wall_s >=
		    run->asking->age_days * INT64_C(86400);
	return host->name[0] == '\0';
}

static bool ask_all(struct run *run)
{
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(run->asking->model, &hosts);

	for (size_t i = 0; i < count && run->asking->asked < run->asking->most; i++) {
		if (!is_wanted(run, hosts[i]))
			continue;
		if (!ask(run, hosts[i]))
			return false;
		if (!wait_for(run, IN_FLIGHT, (int)(1000 / run->asking->rate)))
			return false;
	}
	return wait_for(run, 0, 10);
}

static enum cf_status start_resolver(struct run *run, struct cf_error *error)
{
	const struct cf_ptr_asking *asking = run->asking;

	run->ctx = ub_ctx_create();
	if (run->ctx == NULL)
		return cf_error_set(error, CF_ENOMEM, "libunbound does not start");
	(void)ub_ctx_async(run->ctx, 1); /* a thread instead of a process */
	if (asking->forward_count == 0)
		(void)ub_ctx_resolvconf(run->ctx, NULL); /* without one it asks the roots itself */
	for (size_t i = 0; i < asking->forward_count; i++)
		if (ub_ctx_set_fwd(run->ctx, asking->forwards[i]) != 0)
			return cf_error_set(error, CF_EINVALID,
			    "'%s' is not the address of a resolver", asking->forwards[i]);
	(void)ub_ctx_set_option(run->ctx, "do-not-query-localhost:", "no");
	/* Private reverse zones are the point here; libunbound answers them itself otherwise. */
	(void)ub_ctx_set_option(run->ctx, "unblock-lan-zones:", "yes");
	(void)ub_ctx_set_option(run->ctx, "insecure-lan-zones:", "yes");
	return CF_OK;
}

enum cf_status cf_ptr_ask(struct cf_ptr_asking *asking, struct cf_error *error)
{
	struct run run = {.asking = asking};
	enum cf_status status = cf_ptrs_open(asking->ledger_path, &run.ptrs);

	if (status == CF_OK)
		status = start_resolver(&run, error);
	if (status == CF_OK) {
		asking->complete = ask_all(&run);
		status =
		    run.failed ? CF_ENOMEM : cf_ptrs_save(run.ptrs, asking->ledger_path, error);
	}
	if (run.ctx != NULL)
		ub_ctx_delete(run.ctx);
	cf_ptrs_close(run.ptrs);
	return status;
}
