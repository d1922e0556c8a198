/* Finished hosts: what they are called, what they run, how they stand. */

#include "ledger/hosts/model_host.h"

#include "base/sha256.h"
#include "ledger/model/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The latest identity of a kind; of two equally late, the smaller text. */
static const struct cf_host_identity *latest_of(
    const struct cf_host *host, enum cf_host_identity_kind kind)
{
	const struct cf_host_identity *best = NULL;

	for (size_t i = 0; i < host->identity_count; i++) {
		const struct cf_host_identity *one = &host->identities[i];

		if (one->kind != kind)
			continue;
		if (best == NULL || one->to_minute > best->to_minute ||
		    (one->to_minute == best->to_minute && strcmp(one->value, best->value) < 0))
			best = one;
	}
	return best;
}

static const char *latest(const struct cf_host *host, enum cf_host_identity_kind kind)
{
	const struct cf_host_identity *best = latest_of(host, kind);

	return best == NULL ? "" : best->value;
}

/*
 * Where it is: its latest address. Of several that it had at the same time - a second one on its
 * card, but also a machine cloned with its MAC, or others that it answers for - the one that hits
 * last came from: there somebody will look.
 */
static const char *latest_addr(const struct cf_host *host, const char **site_out)
{
	const struct cf_host_identity *last = latest_of(host, CF_IDENTITY_ADDR), *best = last;

	for (size_t i = 0; i < host->identity_count && last != NULL; i++) {
		const struct cf_host_identity *one = &host->identities[i];

		if (one->kind == CF_IDENTITY_ADDR && one->to_minute >= last->from_minute &&
		    one->to_minute + DAY_MINUTES > last->to_minute &&
		    one->hit_minute > best->hit_minute)
			best = one;
	}
	if (best != NULL)
		*site_out = best->site;
	return best == NULL ? "" : best->value;
}

/* sha: one for all, for to begin one takes longer than so short a digest. */
static void make_id(struct cf_sha256 *sha, struct cf_host *host)
{
	uint8_t digest[CF_SHA256_BYTES];
	static const char hex[] = "0123456789abcdef";

	cf_sha256_update(sha, host->key, strlen(host->key));
	cf_sha256_final(sha, digest);
	host->id[0] = 'h';
	for (size_t i = 0; i < 5; i++) {
		host->id[1 + 2 * i] = hex[digest[i] >> 4];
		host->id[2 + 2 * i] = hex[digest[i] & 15];
	}
	host->id[11] = '\0';
}

/* How much a piece of evidence says about the product: 0 nothing. */
static unsigned weight(const struct cf_model_kind *kind)
{
	unsigned weight = strcmp(kind->confidence, "documented") == 0 ? 3
	    : strcmp(kind->confidence, "listed") == 0                 ? 2
	                                                              : 1;

	if (!kind->is_weak)
		weight *= 8;
	/* Of equal evidence, that which names a product. */
	return 2 * weight + (kind->product[0] != '\0');
}

static const char *guess_product(const struct cf_model_kind *kind)
{
	static const struct {
		const char *category, *product;
	} guesses[] = {
	    {"cloud-console", "cloud-managed endpoint security"},
	    {"telemetry", "endpoint security with KSN"},
	    {"updates", "endpoint security"},
	    {"activation", "licensed product"},
	    {"product-service", "product service"},
	    {"pki", "signed software"},
	    {"web-account", "web account"},
	    {"sales", "web visit"},
	    {"corporate", "web visit"},
	    {"informational", "web visit"},
	};

	if (kind->product[0] != '\0' && strcmp(kind->product, "unknown") != 0)
		return kind->product;
	if (strcmp(kind->via, "lan_port") == 0)
		return "managed by Security Center";
	for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++)
		if (strcmp(kind->category, guesses[i].category) == 0)
			return guesses[i].product;
	return "unknown product";
}

/* The product with the weightiest evidence, and how sure: several kinds of evidence make it surer.
 */
static void infer_product(const struct cf_model *model, struct cf_host *host)
{
	const struct cf_model_kind *best = NULL;
	unsigned best_weight = 0, kinds_of_proof = 0;
	uint32_t seen_via = 0;

	for (size_t i = 0; i < host->evidence_count; i++) {
		const struct cf_model_kind *kind = &model->kinds[host->evidence[i].kind];
		enum cf_via via = CF_VIA_QNAME;

		if (!kind->is_dependence && !kind->is_excepted && !kind->is_visit)
			continue;
		if (cf_via_parse(kind->via, strlen(kind->via), &via) &&
		    (seen_via >> (unsigned)via & 1) == 0 && !kind->is_weak) {
			seen_via |= UINT32_C(1) << (unsigned)via;
			kinds_of_proof++;
		}
		unsigned w = weight(kind);

		if (best == NULL || w > best_weight ||
		    (w == best_weight && strcmp(guess_product(kind), guess_product(best)) < 0)) {
			best = kind;
			best_weight = w;
		}
	}
	if (best == NULL)
		return;
	host->product = guess_product(best);
	if (best_weight < 16)
		host->confidence = "low";
	else
		host->confidence = best_weight >= 48 || kinds_of_proof >= 2 ? "high" : "medium";
}

static enum cf_status find_relay(struct cf_model *model, struct cf_host *host)
{
	const char *relay = "";
	uint64_t relayed = 0;

	for (size_t i = 0; i < host->evidence_count; i++) {
		const struct cf_model_kind *kind = &model->kinds[host->evidence[i].kind];

		if (!kind->is_dependence && !kind->is_excepted)
			continue;
		if (kind->relay[0] == '\0')
			continue; /* straight to the vendor */
		if (host->evidence[i].counted > relayed ||
		    (host->evidence[i].counted == relayed && strcmp(kind->relay, relay) < 0)) {
			relayed = host->evidence[i].counted;
			relay = kind->relay;
		}
	}
	if (relay[0] == '\0')
		return CF_OK;
	struct cf_host_rare *rare = cf_model_rare(model, host);

	if (rare == NULL)
		return CF_ENOMEM;
	rare->relay = relay;
	return CF_OK;
}

/* Who let it pass until when: from the policy's exceptions, by owner. */
static enum cf_status find_exception(struct cf_model *model, struct cf_host *host)
{
	const struct cf_evidence *last = NULL;

	for (size_t i = 0; i < host->evidence_count; i++)
		if (model->kinds[host->evidence[i].kind].is_excepted &&
		    (last == NULL || host->evidence[i].last_wall_us > last->last_wall_us))
			last = &host->evidence[i];
	if (last == NULL)
		return CF_OK;
	struct cf_host_rare *rare = cf_model_rare(model, host);

	if (rare == NULL)
		return CF_ENOMEM;
	rare->excepted_by = model->kinds[last->kind].owner;
	for (size_t i = 0; i < model->options.exception_count; i++) {
		const struct cf_model_exception *exception = &model->options.exceptions[i];

		if (strcmp(exception->owner, rare->excepted_by) != 0)
			continue;
		rare->excepted_why = exception->reason;
		rare->excepted_until_wall_s = exception->until_wall_s;
		if (exception->until_wall_s > model->options.at_wall_s)
			break;
	}
	return CF_OK;
}

static enum cf_status judge(struct cf_model *model, struct cf_host *host)
{
	struct cf_state_judgement judgement = cf_state_judge(
	    host, host->day_count, model->at_minute, model->coverage, &model->options, true);
	bool by_hand = host->rare->excepted_until_wall_s > model->options.at_wall_s &&
	    host->rare->excepted_by[0] != '\0';

	host->state = judgement.state;
	enum cf_status status = cf_model_say_why(model, host, &judgement);

	if (host->state == CF_STATE_DEPENDENT && by_hand) {
		host->state = CF_STATE_EXCEPTED;
		host->why = "accepted by hand";
	}
	if (host->state == CF_STATE_CLEAN)
		host->since_wall_s = (int64_t)judgement.since_minute * 60;
	else if (host->first_hit_wall_us > 0)
		host->since_wall_s = host->first_hit_wall_us / 1000000;
	return status;
}

static struct cf_host *host_of_selector(struct cf_model *model, const char *selector)
{
	uint32_t node = cf_model_select_node(model, selector);

	if (node == CF_NODE_NONE)
		return NULL;
	uint32_t head = cf_owners_head(model->owners, node);

	return head < model->host_of_node_size && model->host_of_node[head] != UINT32_MAX
	    ? model->hosts[model->host_of_node[head]]
	    : NULL;
}

/* What was said of the host. False without memory. */
static bool apply_action(
    struct cf_model *model, struct cf_host *host, const struct cf_ledger_action *action)
{
	if (strcmp(action->verb, "name") == 0) {
		host->name = action->args[1];
		return true;
	}
	struct cf_host_rare *rare = cf_model_rare(model, host);

	if (rare == NULL)
		return false;
	if (strcmp(action->verb, "owner") == 0) {
		rare->owner = action->args[1];
	} else if (strcmp(action->verb, "note") == 0) {
		rare->note = action->args[1];
	} else {
		rare->excepted_until_wall_s = strtoll(action->args[1], NULL, 10);
		rare->excepted_by = action->args[2];
		rare->excepted_why = action->args[3];
	}
	return true;
}

/* Names, owners, notes, exceptions given by hand; the last one holds. False without memory. */
static bool apply_actions(struct cf_model *model)
{
	for (size_t i = 0; i < cf_actions_count(model->actions); i++) {
		const struct cf_ledger_action *action = cf_actions_get(model->actions, i);

		if (cf_actions_is_undone(model->actions, i) ||
		    action->at_wall_s > model->options.at_wall_s + 86400 * INT64_C(36500))
			continue;
		bool is_name = strcmp(action->verb, "name") == 0,
		     is_owner = strcmp(action->verb, "owner") == 0,
		     is_note = strcmp(action->verb, "note") == 0,
		     is_except = strcmp(action->verb, "except") == 0;

		if (!is_name && !is_owner && !is_note && !is_except)
			continue;
		struct cf_host *host = host_of_selector(model, action->args[0]);

		if (host != NULL && !apply_action(model, host, action))
			return false;
	}
	return true;
}

static int by_kind_and_time(const void *a, const void *b)
{
	const struct cf_host_identity *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->from_minute != y->from_minute)
		return x->from_minute < y->from_minute ? -1 : 1;
	return strcmp(x->value, y->value);
}

static int by_last(const void *a, const void *b)
{
	const struct cf_evidence *x = a, *y = b;

	if (x->last_wall_us != y->last_wall_us)
		return x->last_wall_us > y->last_wall_us ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

/* "192.0.2.0/24": what a log of truncated addresses tells apart. False without memory. */
static bool name_network(struct cf_model *model, struct cf_host *host)
{
	char text[100];
	int len = snprintf(text, sizeof text, "%.90s%s", host->addr,
	    host->addr[0] == '\0'                 ? ""
	        : strchr(host->addr, ':') != NULL ? "/48"
	                                          : "/24");

	host->addr = cf_model_text(model, text, (size_t)len);
	return host->addr != NULL;
}

/* Who it is, what it runs, who let it. False without memory. */
static bool describe(struct cf_model *model, struct cf_host *host)
{
	host->name = latest(host, CF_IDENTITY_NAME);
	host->mac = latest(host, CF_IDENTITY_MAC);
	host->addr = latest_addr(host, &host->site);
	if (host->is_network && !name_network(model, host))
		return false;
	const struct cf_ptr *ptr =
	    host->name[0] == '\0' ? cf_ptrs_find(model->ptrs, host->addr, host->site) : NULL;

	if (ptr != NULL)
		host->name = ptr->name;
	infer_product(model, host);
	return find_relay(model, host) == CF_OK && find_exception(model, host) == CF_OK;
}

static enum cf_status finish_host(struct cf_model *model, struct cf_host *host)
{
	enum cf_status status = judge(model, host);

	if (host->identity_count > 1)
		qsort(host->identities, host->identity_count, sizeof *host->identities,
		    by_kind_and_time);
	if (host->evidence_count > 1)
		qsort(host->evidence, host->evidence_count, sizeof *host->evidence, by_last);
	return status;
}

enum cf_status cf_model_describe(struct cf_model *model, struct cf_error *error)
{
	struct cf_sha256 *sha = cf_sha256_new();
	enum cf_status status = sha == NULL ? CF_ENOMEM : CF_OK;

	for (size_t i = 0; i < model->host_count && status == CF_OK; i++) {
		make_id(sha, model->hosts[i]);
		if (!describe(model, model->hosts[i]))
			status = CF_ENOMEM;
	}
	cf_sha256_free(sha);
	if (status == CF_OK && !apply_actions(model))
		status = CF_ENOMEM;
	for (size_t i = 0; i < model->host_count && status == CF_OK; i++)
		status = finish_host(model, model->hosts[i]);
	if (status == CF_OK)
		status = cf_model_sort_hosts(model);
	return status == CF_OK ? CF_OK : cf_error_set(error, status, "no memory");
}
