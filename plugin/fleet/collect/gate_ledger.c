#include "fleet/collect/gate_ledger.h"

#include "ledger/shipped/shipped.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct cf_gate_ledger {
	char *place;
	void (*say)(void *arg, const char *text);
	void *arg;
	struct cf_ledger *ledger; /* NULL: not open */
	struct cf_shipped *shipped;
	bool in_transaction;
};

static struct cf_text text_of(const char *text)
{
	return (struct cf_text){.data = text, .len = strlen(text)};
}

static void gate_close(void *arg)
{
	struct cf_gate_ledger *gate = arg;

	if (gate->in_transaction)
		cf_shipped_abandon(gate->shipped);
	gate->in_transaction = false;
	cf_shipped_free(gate->shipped);
	gate->shipped = NULL;
	cf_ledger_close(gate->ledger);
	gate->ledger = NULL;
}

static enum cf_status gate_open(void *arg, struct cf_error *error)
{
	struct cf_gate_ledger *gate = arg;
	const struct cf_ledger_options options = {
	    .path = gate->place, .mode = CF_LEDGER_SHARE, .no_wait = true};

	if (gate->shipped != NULL)
		return CF_OK;
	enum cf_status status = cf_ledger_open(&options, &gate->ledger, NULL, error);

	if (status == CF_OK)
		status = cf_shipped_new(gate->ledger, gate->say, gate->arg, &gate->shipped, error);
	if (status != CF_OK)
		gate_close(gate);
	return status;
}

static struct cf_shipment shipment_of(const struct cf_checked *bundle)
{
	const struct cf_bundle_name *name = bundle->name;

	return (struct cf_shipment){.sensor = text_of(name->writer.sensor),
	    .source = text_of(name->writer.source),
	    .run = text_of(name->run),
	    .from_seq = name->from_seq,
	    .to_seq = name->to_seq,
	    .prev = name->prev,
	    .sha256 = name->sha256,
	    .oldest_seq = name->oldest,
	    .first_wall_us = bundle->first_wall_us,
	    .last_wall_us = bundle->last_wall_us,
	    .lines = bundle->lines,
	    .len = bundle->len};
}

static enum cf_status gate_begin(
    void *arg, const struct cf_checked *const bundles[], size_t count, struct cf_error *error)
{
	struct cf_gate_ledger *gate = arg;
	struct cf_shipment *shipments = calloc(count, sizeof *shipments);
	enum cf_status status;

	if (shipments == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	for (size_t i = 0; i < count; i++)
		shipments[i] = shipment_of(bundles[i]);
	status = cf_shipped_begin(gate->shipped, shipments, count, error);
	gate->in_transaction = status == CF_OK;
	free(shipments);
	return status;
}

static enum cf_head_why why_of(enum cf_shipped_verdict verdict)
{
	switch (verdict) {
	case CF_SHIPPED_TAKEN:
		return CF_HEAD_TAKEN;
	case CF_SHIPPED_KNOWN:
		return CF_HEAD_KNOWN;
	case CF_SHIPPED_HOLE:
		return CF_HEAD_HOLE;
	case CF_SHIPPED_FORK:
		break;
	}
	return CF_HEAD_FORK;
}

static void note_head(const struct cf_shipped_head *from, struct cf_fleet_head *head)
{
	head->seq = from->seq;
	memset(head->sha256, '0', sizeof head->sha256 - 1);
	head->sha256[sizeof head->sha256 - 1] = '\0';
	if (from->seq > 0)
		memcpy(head->sha256, from->sha256, sizeof head->sha256);
}

static enum cf_status gate_take(void *arg, const struct cf_checked *bundle,
    struct cf_fleet_head *head_out, struct cf_error *error)
{
	struct cf_gate_ledger *gate = arg;
	const struct cf_shipment shipment = shipment_of(bundle);
	enum cf_shipped_verdict verdict;
	struct cf_shipped_head head;
	enum cf_status status = cf_shipped_take(gate->shipped, &shipment, &verdict, &head, error);

	if (status != CF_OK)
		return status;
	head_out->why = why_of(verdict);
	note_head(&head, head_out);
	return CF_OK;
}

static enum cf_status gate_commit(void *arg, struct cf_error *error)
{
	struct cf_gate_ledger *gate = arg;

	gate->in_transaction = false; /* whatever comes of it */
	return cf_shipped_commit(gate->shipped, error);
}

static void gate_rollback(void *arg)
{
	struct cf_gate_ledger *gate = arg;

	gate->in_transaction = false;
	cf_shipped_abandon(gate->shipped);
}

static enum cf_status gate_head(void *arg, const struct cf_bundle_writer *writer,
    struct cf_fleet_head *head_out, struct cf_error *error)
{
	struct cf_gate_ledger *gate = arg;
	struct cf_shipped_head head;
	enum cf_status status = cf_shipped_head(
	    gate->shipped, text_of(writer->sensor), text_of(writer->source), &head, error);

	if (status == CF_OK)
		note_head(&head, head_out);
	return status;
}

enum cf_status cf_gate_ledger_new(const char *place, void (*say)(void *arg, const char *text),
    void *arg, struct cf_gate_ledger **ledger_out)
{
	struct cf_gate_ledger *gate = calloc(1, sizeof *gate);

	if (gate == NULL)
		return CF_ENOMEM;
	gate->say = say;
	gate->arg = arg;
	gate->place = strdup(place);
	if (gate->place == NULL) {
		free(gate);
		return CF_ENOMEM;
	}
	*ledger_out = gate;
	return CF_OK;
}

void cf_gate_ledger_free(struct cf_gate_ledger *gate)
{
	if (gate == NULL)
		return;
	gate_close(gate);
	free(gate->place);
	free(gate);
}

struct cf_gate cf_gate_ledger_gate(struct cf_gate_ledger *ledger)
{
	return (struct cf_gate){.open = gate_open,
	    .close = gate_close,
	    .begin = gate_begin,
	    .take = gate_take,
	    .commit = gate_commit,
	    .rollback = gate_rollback,
	    .head = gate_head,
	    .arg = ledger};
}
