/* One question for each category, asked at once, waited for together. */

#include "doctor/live.h"

#include "base/instant.h"
#include "policy/decide.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

#define DNS_PORT    53
#define TYPE_A      1
#define CLASS_IN    1
#define RCODE_NONE  0
#define RCODE_NX    3
#define RCODE_NO    5
#define DEADLINE_MS 6000

/* The address this host has towards the server, found by a socket that sends nothing. */
static struct cf_addr own_address(const char *server)
{
	struct cf_addr to, from = {.family = CF_FAMILY_NONE};
	struct sockaddr_storage address = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	socklen_t len = sizeof address;
	char text[64];
	int fd;

	snprintf(text, sizeof text, "%s", server);
	text[strcspn(text, "@")] = '\0';
	if (cf_addr_parse(text, &to) != CF_OK)
		return from;
	if (to.family == CF_FAMILY_V4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(DNS_PORT);
		memcpy(&v4->sin_addr, to.bytes, 4);
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(DNS_PORT);
		memcpy(&v6->sin6_addr, to.bytes, 16);
	}
	fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return from;
	if (connect(fd, (struct sockaddr *)&address,
	        to.family == CF_FAMILY_V4 ? sizeof *v4 : sizeof *v6) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		from = to.family == CF_FAMILY_V4 ? cf_addr_v4((const uint8_t *)&v4->sin_addr)
		                                 : cf_addr_v6((const uint8_t *)&v6->sin6_addr);
	close(fd);
	return from;
}

static void add_probe(struct cf_live *live, const char *kind, const struct cf_name *name)
{
	struct cf_live_probe *probe = &live->probes[live->probe_count++];

	*probe = (struct cf_live_probe){.kind = kind};
	cf_name_format(name, probe->name);
	cf_decide_name(live->image, &live->question, name, &probe->decision);
}

/* True when the entry decides about its own name, which is then *name_out. */
static bool decides_itself(
    const struct cf_live *live, const struct cf_entry *entry, struct cf_name *name_out)
{
	struct cf_decision decision;

	if (entry->exception != CF_NONE || entry->scope == CF_SCOPE_BELOW ||
	    cf_name_from_wire(entry->name_wire, CF_NAME_WIRE_BYTES, name_out) != CF_OK)
		return false;
	cf_decide_name(live->image, &live->question, name_out, &decision);
	return decision.matched && decision.category == entry->category;
}

/* Of each category the entry highest up in its file, of those that decide about their own name. */
static void choose_probes(struct cf_live *live)
{
	static const char unlisted[] = "curfew-doctor.example";
	uint32_t lines[CF_CATEGORIES];
	struct cf_name names[CF_CATEGORIES], name;
	uint32_t i = cf_image_first_entry(live->image);
	struct cf_entry entry;

	memset(lines, 0xff, sizeof lines);
	for (; i != CF_NONE; i = cf_image_next_entry(live->image, i)) {
		cf_image_entry(live->image, i, &entry);
		if (entry.line < lines[entry.category] && decides_itself(live, &entry, &name)) {
			lines[entry.category] = entry.line;
			names[entry.category] = name;
		}
	}
	for (unsigned c = 0; c < CF_CATEGORIES; c++) {
		struct cf_decision decision;

		if (lines[c] == UINT32_MAX)
			continue;
		/* Malware's names are not looked up for a test, unless we are to answer them. */
		cf_decide_name(live->image, &live->question, &names[c], &decision);
		if (c != CF_CATEGORY_LOOKALIKE || decision.verdict == CF_VERDICT_BLOCK)
			add_probe(live, cf_category_text((enum cf_category)c), &names[c]);
	}
	if (cf_name_from_text(unlisted, sizeof unlisted - 1, &name) == CF_OK)
		add_probe(live, "unlisted", &name);
}

static const char *describe(const struct ub_result *result, char *text, size_t size)
{
	struct cf_addr addr;
	char addr_text[CF_ADDR_TEXT_BYTES];

	if (result->rcode == RCODE_NONE && result->havedata && result->len[0] == 4) {
		addr = cf_addr_v4((const uint8_t *)result->data[0]);
		snprintf(text, size, "%s", cf_addr_format(&addr, addr_text));
	} else if (result->rcode == RCODE_NONE) {
		snprintf(text, size, "nodata");
	} else if (result->rcode == RCODE_NX) {
		snprintf(text, size, "nxdomain");
	} else if (result->rcode == RCODE_NO) {
		snprintf(text, size, "refused");
	} else {
		snprintf(text, size, "rcode %d", result->rcode);
	}
	return text;
}

/* Whether the answer is the block that the image demands. */
static bool is_block(const struct cf_answer_spec *answer, const struct ub_result *result)
{
	switch (answer->kind) {
	case CF_ANSWER_NXDOMAIN:
		return result->rcode == RCODE_NX;
	case CF_ANSWER_NODATA:
		return result->rcode == RCODE_NONE && !result->havedata;
	case CF_ANSWER_SINKHOLE:
		if (answer->sinkhole_v4.family == CF_FAMILY_NONE)
			return result->rcode == RCODE_NONE && !result->havedata;
		return result->havedata && result->len[0] == 4 &&
		    memcmp(result->data[0], answer->sinkhole_v4.bytes, 4) == 0;
	case CF_ANSWER_REFUSED:
	case CF_ANSWER_DROP: /* libunbound turns both into a failure of its own */
		return !result->havedata && result->rcode != RCODE_NONE &&
		    result->rcode != RCODE_NX;
	}
	return false;
}

static void judge(struct cf_live_probe *probe, const struct ub_result *result)
{
	describe(result, probe->got, sizeof probe->got);
	probe->answered = true;
	if (probe->decision.verdict == CF_VERDICT_BLOCK)
		probe->agrees =
		    is_block(probe->decision.answer, result) ? CF_KNOWN_YES : CF_KNOWN_NO;
	else if (result->havedata)
		probe->agrees = CF_KNOWN_YES;
	else
		probe->agrees = CF_KNOWN_NOT; /* the name may be gone, or the Internet is */
}

/* What a callback of libunbound is given. */
struct asked {
	struct cf_live *live;
	struct cf_live_probe *probe;
};

static void on_answer(void *context, int error, struct ub_result *result)
{
	struct asked *asked = context;

	asked->live->pending--;
	if (error == 0) {
		judge(asked->probe, result);
		ub_resolve_free(result);
	}
}

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct ub_ctx *open_stub(const char *server)
{
	struct ub_ctx *stub = ub_ctx_create();
	/* Ours may be the resolver on this very host, and must answer everything itself. */
	bool good = stub != NULL && ub_ctx_set_option(stub, "do-not-query-localhost:", "no") == 0 &&
	    ub_ctx_set_option(stub, "module-config:", "iterator") == 0 &&
	    ub_ctx_async(stub, 1) == 0 && ub_ctx_set_fwd(stub, server) == 0;

	if (good)
		return stub;
	ub_ctx_delete(stub);
	return NULL;
}

static void ask_all(
    struct cf_live *live, struct ub_ctx *stub, const struct cf_live_question *question)
{
	struct asked asked[CF_LIVE_PROBES];
	int64_t deadline_mono_ms = mono_ms() + DEADLINE_MS;
	struct pollfd pollfd = {.fd = ub_fd(stub), .events = POLLIN};

	for (unsigned i = 0; i < live->probe_count; i++) {
		asked[i] = (struct asked){.live = live, .probe = &live->probes[i]};
		if (ub_resolve_async(stub, live->probes[i].name, TYPE_A, CLASS_IN, &asked[i],
		        on_answer, NULL) == 0)
			live->pending++;
	}
	while (live->pending > 0 && mono_ms() < deadline_mono_ms) {
		(void)poll(&pollfd, 1, 100); /* the deadline ends it in any case */
		if (ub_process(stub) != 0)
			break;
		if (question->progress != NULL)
			question->progress(
			    question->arg, live->probe_count - live->pending, live->probe_count);
	}
	ub_ctx_delete(stub); /* cancels what is still open, before asked goes out of scope */
	for (unsigned i = 0; i < live->probe_count; i++) {
		struct cf_live_probe *probe = &live->probes[i];

		if (probe->answered)
			continue;
		snprintf(probe->got, sizeof probe->got, "no answer");
		if (probe->decision.verdict == CF_VERDICT_BLOCK)
			probe->agrees = probe->decision.answer->kind == CF_ANSWER_DROP
			    ? CF_KNOWN_YES
			    : CF_KNOWN_NO;
	}
}

enum cf_status cf_live_ask(
    const struct cf_live_question *asked, struct cf_live **live_out, struct cf_error *error)
{
	struct cf_live *live = calloc(1, sizeof *live);
	struct ub_ctx *stub;
	enum cf_status status;

	if (live == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	snprintf(live->server, sizeof live->server, "%s",
	    asked->server == NULL ? "127.0.0.1" : asked->server);
	live->client = own_address(live->server);
	live->question = (struct cf_question){
	    .client = live->client.family == CF_FAMILY_NONE ? NULL : &live->client,
	    .qtype = TYPE_A,
	    .at_wall_s = asked->at_wall_s,
	};
	status = cf_image_open(asked->image_path, &live->image, error);
	if (status != CF_OK) {
		free(live);
		return status;
	}
	choose_probes(live);
	stub = open_stub(live->server);
	if (stub == NULL) {
		cf_live_free(live);
		return cf_error_set(error, CF_EIO, "cannot ask '%s' through libunbound",
		    asked->server == NULL ? "127.0.0.1" : asked->server);
	}
	ask_all(live, stub, asked);
	*live_out = live;
	return CF_OK;
}

void cf_live_free(struct cf_live *live)
{
	if (live == NULL)
		return;
	cf_image_close(live->image);
	free(live);
}

bool cf_live_was_heard(const struct cf_live *live)
{
	for (unsigned i = 0; i < live->probe_count; i++)
		if (live->probes[i].answered)
			return true;
	return false;
}

bool cf_live_differs(const struct cf_live *live)
{
	for (unsigned i = 0; i < live->probe_count; i++)
		if (live->probes[i].agrees == CF_KNOWN_NO)
			return true;
	return !cf_live_was_heard(live);
}
