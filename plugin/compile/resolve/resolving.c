/* Names to addresses, many at a time and not too fast. */

#include "compile/resolve/resolving.h"

#include "base/input_file.h"
#include "base/limits.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

#define TYPE_A    1
#define TYPE_AAAA 28
#define CLASS_IN  1
/* Both types of a name. */
#define ASKED 2
/* Addresses kept of one name; content networks give a handful. */
#define MAX_ADDRS 64

/* The root key that Debian's dns-root-data and Unbound's anchor bring. */
static const char *const root_keys[] = {"/usr/share/dns/root.key", "/var/lib/unbound/root.key"};

struct run {
	const struct cf_resolving *how;
	struct cf_resolved *names;
	struct ub_ctx *ctx;
	struct question *questions;
	size_t question_count, next, pending, done;
	uint64_t next_mono_us; /* when the next question may go */
	uint64_t moved_mono_us;
	enum cf_status status;
};

/* One name and type on its way. */
struct question {
	struct run *run;
	struct cf_resolved *name;
	bool answered, gone, bogus, failed, filtered, secure;
};

const char *cf_found_text(enum cf_found found)
{
	static const char *const texts[CF_FOUNDS] = {
	    "addresses", "no address", "gone", "bogus", "failed", "filtered"};

	return (unsigned)found < CF_FOUNDS ? texts[found] : "?";
}

static uint64_t now_mono_us(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return 0; /* cannot fail for this clock */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* 0.0.0.0, loopback, link-local and private space: what filters answer with, and no vendor's. */
static bool leads_nowhere(const struct cf_addr *addr)
{
	static const char *const nowhere[] = {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10",
	    "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
	    "::/8", "fc00::/7", "fe80::/10", "ff00::/8"};
	struct cf_prefix prefix;

	for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
		if (cf_prefix_parse(nowhere[i], &prefix) == CF_OK &&
		    cf_prefix_contains(&prefix, addr))
			return true;
	return false;
}

static void add_addr(struct question *question, const struct cf_addr *addr)
{
	struct cf_resolved *name = question->name;
	struct cf_addr *grown;

	if (leads_nowhere(addr)) {
		question->filtered = true;
		return;
	}
	if (name->addr_count == MAX_ADDRS)
		return; /* more tell nothing new about who serves the name */
	grown = reallocarray(name->addrs, name->addr_count + 1, sizeof *grown);
	if (grown == NULL) {
		question->run->status = CF_ENOMEM;
		return;
	}
	name->addrs = grown;
	name->addrs[name->addr_count++] = *addr;
}

static void take_text(struct question *question, char **to, const char *text)
{
	if (*to != NULL)
		return;
	*to = strdup(text);
	if (*to == NULL)
		question->run->status = CF_ENOMEM;
}

/* libunbound writes the last dot; a name at the end of its own chain has none. */
static void take_chain_end(struct question *question, const char *canonname)
{
	char name[CF_NAME_TEXT_BYTES];
	size_t len = strlen(canonname);

	if (len > 1 && canonname[len - 1] == '.')
		len--;
	if (len >= sizeof name)
		return; /* longer than any name */
	memcpy(name, canonname, len);
	name[len] = '\0';
	if (strcasecmp(name, question->name->name) != 0)
		take_text(question, &question->name->chain_end, name);
}

static void take_result(struct question *question, const struct ub_result *result)
{
	question->secure = result->secure != 0;
	if (result->bogus != 0) {
		question->bogus = true;
		if (result->why_bogus != NULL)
			take_text(question, &question->name->why, result->why_bogus);
		return;
	}
	if (result->nxdomain != 0 || result->rcode == 3) {
		question->gone = true;
		return;
	}
	if (result->rcode != 0) {
		question->failed = true;
		return;
	}
	if (result->canonname != NULL && result->havedata != 0)
		take_chain_end(question, result->canonname);
	for (size_t i = 0; result->havedata != 0 && result->data[i] != NULL; i++) {
		const uint8_t *bytes = (const uint8_t *)result->data[i];
		struct cf_addr addr;

		if (result->qtype == TYPE_A && result->len[i] == 4)
			addr = cf_addr_v4(bytes);
		else if (result->qtype == TYPE_AAAA && result->len[i] == 16)
			addr = cf_addr_v6(bytes);
		else
			continue;
		add_addr(question, &addr);
	}
}

/* Called by ub_process() in our thread. */
static void take_answer(void *context, int err, struct ub_result *result)
{
	struct question *question = context;
	struct run *run = question->run;

	question->answered = true;
	run->pending--;
	run->done++;
	run->moved_mono_us = now_mono_us();
	if (err != 0 || result == NULL)
		question->failed = true;
	else
		take_result(question, result);
	ub_resolve_free(result);
	if (run->how->progress != NULL)
		run->how->progress(run->how->context, run->done / ASKED);
}

static bool is_loopback(const char *forward)
{
	return strncmp(forward, "127.", 4) == 0 || strncmp(forward, "::1", 3) == 0;
}

static enum cf_status set_forwards(struct run *run, struct cf_error *error)
{
	int err = 0;

	if (run->how->forward_count == 0) {
		err = ub_ctx_resolvconf(run->ctx, NULL);
		if (err == 0)
			err = ub_ctx_set_option(run->ctx,
			    "do-not-query-localhost:", "no"); /* resolv.conf names it often */
		if (err != 0)
			return cf_error_set(error, CF_EIO,
			    "cannot read the system's resolvers: %s; name one with --forward",
			    ub_strerror(err));
		return CF_OK;
	}
	for (size_t i = 0; i < run->how->forward_count; i++) {
		const char *forward = run->how->forwards[i];

		err = ub_ctx_set_fwd(run->ctx, forward);
		if (err == 0 && is_loopback(forward))
			err = ub_ctx_set_option(run->ctx, "do-not-query-localhost:", "no");
		if (err != 0)
			return cf_error_set(error, CF_EINVALID,
			    "cannot ask '%s': %s; expected ADDRESS or ADDRESS@PORT", forward,
			    ub_strerror(err));
	}
	return CF_OK;
}

static enum cf_status set_anchor(struct run *run, struct cf_error *error)
{
	const char *anchor = run->how->trust_anchor;
	enum cf_status status;
	int err, fd = -1;

	for (size_t i = 0; anchor == NULL && i < sizeof root_keys / sizeof root_keys[0]; i++)
		if (access(root_keys[i], R_OK) == 0)
			anchor = root_keys[i];
	if (anchor == NULL)
		return CF_OK; /* then nothing is secure, and the results say so */
	/* libunbound would wait for a pipe, and read a device for ever. */
	status = cf_input_open(anchor, &fd, error);
	if (status != CF_OK)
		return status;
	(void)close(fd); /* only looked at */
	err = ub_ctx_add_ta_file(run->ctx, anchor);
	if (err != 0)
		return cf_error_set(error, CF_EINVALID, "cannot use trust anchor '%s': %s", anchor,
		    ub_strerror(err));
	return CF_OK;
}

static enum cf_status open_context(struct run *run, struct cf_error *error)
{
	enum cf_status status;

	run->ctx = ub_ctx_create();
	if (run->ctx == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot start libunbound");
	status = set_forwards(run, error);
	if (status == CF_OK)
		status = set_anchor(run, error);
	/* A thread, not a process, resolves: it ends with us. */
	if (status == CF_OK && ub_ctx_async(run->ctx, 1) != 0)
		status = cf_error_set(error, CF_EIO, "cannot start libunbound's thread");
	return status;
}

/*
 * True when another question may go now, and books it. Time in which none went is not saved up, so
 * that a silent server is not met with a burst when it wakes.
 */
static bool may_ask(struct run *run)
{
	uint64_t at_mono_us = now_mono_us();

	if (at_mono_us < run->next_mono_us)
		return false;
	run->next_mono_us = at_mono_us + 1000000 / run->how->rate_per_s;
	return true;
}

static void ask_next(struct run *run)
{
	struct question *question = &run->questions[run->next++];
	int type = (run->next - 1) % ASKED == 0 ? TYPE_A : TYPE_AAAA;

	if (ub_resolve_async(
	        run->ctx, question->name->name, type, CLASS_IN, question, take_answer, NULL) == 0) {
		run->pending++;
		return;
	}
	question->answered = true;
	question->failed = true;
	run->done++;
}

static void ask_all(struct run *run)
{
	struct pollfd wait = {.fd = ub_fd(run->ctx), .events = POLLIN};
	int wait_ms = run->how->rate_per_s >= 1000 ? 1 : (int)(1000 / run->how->rate_per_s);

	run->moved_mono_us = now_mono_us();
	while (run->done < run->question_count && run->status == CF_OK) {
		while (run->next < run->question_count && run->pending < run->how->in_flight &&
		    may_ask(run))
			ask_next(run);
		if (poll(&wait, 1, wait_ms) > 0 && ub_process(run->ctx) != 0)
			break;
		if (now_mono_us() - run->moved_mono_us > (uint64_t)run->how->stall_s * 1000000)
			break; /* what is not answered counts as failed */
	}
}

static int compare_addrs(const void *a, const void *b)
{
	return cf_addr_compare(a, b);
}

static void conclude(const struct run *run)
{
	for (size_t i = 0; i < run->question_count; i += ASKED) {
		const struct question *a = &run->questions[i], *b = &run->questions[i + 1];
		struct cf_resolved *name = a->name;

		name->secure = a->secure && b->secure;
		/* Answers come in any order. */
		if (name->addr_count > 1)
			qsort(name->addrs, name->addr_count, sizeof *name->addrs, compare_addrs);
		if (a->bogus || b->bogus)
			name->found = CF_FOUND_BOGUS;
		else if (name->addr_count != 0)
			name->found = CF_FOUND_ADDRESSES;
		else if (a->filtered || b->filtered)
			name->found = CF_FOUND_FILTERED;
		else if (!a->answered || !b->answered || a->failed || b->failed)
			name->found = CF_FOUND_FAILURE;
		else if (a->gone && b->gone)
			name->found = CF_FOUND_GONE;
		else
			name->found = CF_FOUND_NOTHING;
	}
}

enum cf_status cf_resolve(const struct cf_resolving *how, struct cf_resolved *names,
    size_t name_count, struct cf_error *error)
{
	struct run run = {.how = how, .names = names, .question_count = name_count * ASKED};
	enum cf_status status;

	run.questions = calloc(run.question_count + 1, sizeof *run.questions);
	if (run.questions == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	for (size_t i = 0; i < run.question_count; i++)
		run.questions[i] = (struct question){.run = &run, .name = &names[i / ASKED]};
	status = open_context(&run, error);
	if (status == CF_OK) {
		ask_all(&run);
		conclude(&run);
		status = run.status;
		if (status != CF_OK)
			cf_error_set(error, status, "%s", cf_status_text(status));
	}
	/* Cancels what is left; no callback comes after this. */
	if (run.ctx != NULL)
		ub_ctx_delete(run.ctx);
	free(run.questions);
	return status;
}

void cf_resolved_free(struct cf_resolved *names, size_t name_count)
{
	for (size_t i = 0; i < name_count; i++) {
		free(names[i].chain_end);
		free(names[i].why);
		free(names[i].addrs);
	}
}

enum cf_resolution cf_resolution_judge(
    const struct cf_resolved *names, size_t count, size_t founds_out[CF_FOUNDS])
{
	size_t lost;

	memset(founds_out, 0, CF_FOUNDS * sizeof founds_out[0]);
	for (size_t i = 0; i < count; i++)
		founds_out[names[i].found]++;
	lost = founds_out[CF_FOUND_GONE] + founds_out[CF_FOUND_FILTERED];
	if (founds_out[CF_FOUND_ADDRESSES] == 0)
		return CF_RESOLUTION_NOTHING;
	if (lost > count / 2)
		return CF_RESOLUTION_FILTERED;
	return lost + founds_out[CF_FOUND_BOGUS] > 0 ? CF_RESOLUTION_GAPS : CF_RESOLUTION_GOOD;
}
