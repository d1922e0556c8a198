/* Kinds of networks and clients: rows and columns of one table of courses, each once. */

#include "egress/plan/plan.h"

#include <stdlib.h>
#include <string.h>

/* One address for every value of client spans, of the family where it was found first. */
struct clients {
	struct cf_addr *addrs; /* by value; family none: nobody has it */
	uint32_t count;
};

/* What tells the decisions about two networks apart, besides what is around them. */
struct likeness {
	uint32_t around; /* the kind of the network around, as a likeness; CF_NONE */
	uint32_t pack;
	int64_t until_wall_s;
	uint8_t category;
	bool enforced;
	bool tied; /* the network around has the same prefix */
};

static uint32_t most_value(const struct cf_image *image, enum cf_ranges which)
{
	uint32_t most = 0;
	struct cf_image_span span;

	for (uint32_t i = 0; i < cf_image_span_count(image, which); i++) {
		cf_image_span(image, which, i, &span);
		if (span.value != CF_NONE && span.value > most)
			most = span.value;
	}
	return most;
}

static enum cf_status find_clients(const struct cf_image *image, struct clients *clients)
{
	static const enum cf_ranges kinds[] = {CF_RANGES_CLIENTS_V4, CF_RANGES_CLIENTS_V6};
	uint32_t most = 0;

	for (unsigned k = 0; k < 2; k++)
		most = most_value(image, kinds[k]) > most ? most_value(image, kinds[k]) : most;
	clients->count = most + 1;
	clients->addrs = calloc(clients->count, sizeof *clients->addrs);
	if (clients->addrs == NULL)
		return CF_ENOMEM;
	for (unsigned k = 0; k < 2; k++) {
		for (uint32_t i = 0; i < cf_image_span_count(image, kinds[k]); i++) {
			struct cf_image_span span;

			cf_image_span(image, kinds[k], i, &span);
			if (span.value != CF_NONE && span.value != 0 &&
			    clients->addrs[span.value].family == CF_FAMILY_NONE)
				clients->addrs[span.value] = span.first;
		}
	}
	return CF_OK;
}

/* An address of a network of which no narrower one takes it: the first of a span. */
static enum cf_status find_networks(const struct cf_image *image, struct cf_addr *addrs)
{
	static const enum cf_ranges kinds[] = {CF_RANGES_NETWORKS_V4, CF_RANGES_NETWORKS_V6};

	for (unsigned k = 0; k < 2; k++) {
		for (uint32_t i = 0; i < cf_image_span_count(image, kinds[k]); i++) {
			struct cf_image_span span;

			cf_image_span(image, kinds[k], i, &span);
			if (span.value != CF_NONE && addrs[span.value].family == CF_FAMILY_NONE)
				addrs[span.value] = span.first;
		}
	}
	return CF_OK;
}

/* The table of likenesses: open addressing, so that a million networks are told apart at once. */
struct alike {
	struct likeness *items;
	uint32_t *slots; /* index + 1, or 0 */
	uint32_t count, size, slot_count;
};

static uint64_t hash_of(const struct likeness *like)
{
	uint64_t hash = like->around;

	hash = (hash ^ like->pack) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ (uint64_t)like->until_wall_s) * UINT64_C(0x9e3779b97f4a7c15);
	hash =
	    (hash ^ like->category ^ (uint64_t)like->tied << 8 ^ (uint64_t)like->enforced << 16) *
	    UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static bool are_alike(const struct likeness *a, const struct likeness *b)
{
	return a->around == b->around && a->pack == b->pack && a->until_wall_s == b->until_wall_s &&
	    a->category == b->category && a->tied == b->tied && a->enforced == b->enforced;
}

static enum cf_status grow_alike(struct alike *alike)
{
	uint32_t size = alike->size == 0 ? 64 : alike->size * 2, slot_count = size * 2;
	struct likeness *items = reallocarray(alike->items, size, sizeof *items);
	uint32_t *slots;

	if (items == NULL)
		return CF_ENOMEM;
	alike->items = items;
	slots = calloc(slot_count, sizeof *slots);
	if (slots == NULL)
		return CF_ENOMEM;
	free(alike->slots);
	alike->slots = slots;
	alike->size = size;
	alike->slot_count = slot_count;
	for (uint32_t i = 0; i < alike->count; i++) {
		uint64_t slot = hash_of(&items[i]) & (slot_count - 1);

		while (slots[slot] != 0)
			slot = (slot + 1) & (slot_count - 1);
		slots[slot] = i + 1;
	}
	return CF_OK;
}

static enum cf_status find_alike(
    struct alike *alike, const struct likeness *like, uint32_t *index_out, bool *new_out)
{
	uint64_t slot;

	if (alike->count == alike->size && grow_alike(alike) != CF_OK)
		return CF_ENOMEM;
	slot = hash_of(like) & (alike->slot_count - 1);
	while (alike->slots[slot] != 0) {
		*index_out = alike->slots[slot] - 1;
		*new_out = false;
		if (are_alike(&alike->items[*index_out], like))
			return CF_OK;
		slot = (slot + 1) & (alike->slot_count - 1);
	}
	alike->items[alike->count] = *like;
	alike->slots[slot] = alike->count + 1;
	*index_out = alike->count++;
	*new_out = true;
	return CF_OK;
}

/* Everything that is only needed while the plan is made. */
struct making {
	struct cf_plan *plan;
	struct clients clients;
	struct cf_addr *addrs; /* one of every network, by network */
	uint32_t *likes;       /* of every network */
	struct alike alike;
	uint32_t *rows; /* courses, clients.count to a likeness */
	bool *filled;   /* of every row: some network of its likeness has an address of its own */
	uint32_t row_count, row_size;
};

/* The courses of all clients to addr. */
static enum cf_status fill_row(struct making *m, uint32_t *row, const struct cf_addr *addr)
{
	for (uint32_t client = 0; client < m->clients.count; client++) {
		const struct cf_addr *from = &m->clients.addrs[client];
		enum cf_status status;

		if (client > 0 && from->family == CF_FAMILY_NONE) {
			row[client] = row[0]; /* nobody is of this value */
			continue;
		}
		status = cf_courses_take(&m->plan->courses, m->plan->image,
		    client == 0 ? NULL : from, addr, m->plan->all_enforced, &row[client]);
		if (status != CF_OK)
			return status;
	}
	return CF_OK;
}

static enum cf_status add_row(struct making *m)
{
	if (m->row_count == m->row_size) {
		uint32_t size = m->row_size == 0 ? 64 : m->row_size * 2;
		uint32_t *rows =
		    reallocarray(m->rows, (size_t)size * m->clients.count, sizeof *rows);
		bool *filled = reallocarray(m->filled, size, sizeof *filled);

		m->rows = rows != NULL ? rows : m->rows;
		m->filled = filled != NULL ? filled : m->filled;
		if (rows == NULL || filled == NULL)
			return CF_ENOMEM;
		m->row_size = size;
	}
	m->filled[m->row_count++] = false;
	return CF_OK;
}

static uint8_t bits_of(const struct cf_image *image, uint32_t network)
{
	struct cf_network about;

	cf_image_network(image, network, &about);
	return about.prefix.bits;
}

/* Networks lie behind those around them, so that what is around is known. */
static enum cf_status look_at_networks(struct making *m, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t around = cf_image_network_around(m->plan->image, i);
		struct cf_network network;
		struct likeness like;
		enum cf_status status;
		bool fresh;

		cf_image_network(m->plan->image, i, &network);
		like = (struct likeness){.around = around == CF_NONE ? CF_NONE : m->likes[around],
		    .pack = network.pack,
		    .until_wall_s = network.until_wall_s,
		    .category = (uint8_t)network.category,
		    .enforced = cf_egress_enforced(m->plan->image, i, m->plan->all_enforced),
		    .tied = around != CF_NONE &&
		        bits_of(m->plan->image, around) == network.prefix.bits};
		status = find_alike(&m->alike, &like, &m->likes[i], &fresh);
		if (status == CF_OK && fresh)
			status = add_row(m);
		/* One that narrower ones hide whole has no address to ask with, and needs none. */
		if (status == CF_OK && !m->filled[m->likes[i]] &&
		    m->addrs[i].family != CF_FAMILY_NONE) {
			m->filled[m->likes[i]] = true;
			status = fill_row(
			    m, m->rows + (size_t)m->likes[i] * m->clients.count, &m->addrs[i]);
		}
		if (status != CF_OK)
			return status;
	}
	return CF_OK;
}

/* Gives equal columns one kind of client each; kind 0 is that of value 0. */
static enum cf_status part_clients(struct making *m, uint32_t *column_of)
{
	struct cf_plan *plan = m->plan;

	plan->client_value_count = m->clients.count;
	plan->client_kinds = calloc(m->clients.count, sizeof *plan->client_kinds);
	if (plan->client_kinds == NULL)
		return CF_ENOMEM;
	for (uint32_t value = 0; value < m->clients.count; value++) {
		uint32_t kind = 0;

		for (; kind < plan->client_kind_count; kind++) {
			uint32_t row = 0;

			while (row < m->row_count &&
			    (!m->filled[row] ||
			        m->rows[(size_t)row * m->clients.count + value] ==
			            m->rows[(size_t)row * m->clients.count + column_of[kind]]))
				row++;
			if (row == m->row_count)
				break;
		}
		if (kind == plan->client_kind_count) {
			if (kind == CF_PLAN_KINDS)
				return CF_ETOOBIG;
			column_of[plan->client_kind_count++] = value;
		}
		plan->client_kinds[value] = kind;
	}
	return CF_OK;
}

/* Gives equal rows one kind of network each; those where nothing ever happens have none. */
static enum cf_status part_networks(
    struct making *m, const uint32_t *column_of, uint32_t *kind_of_row)
{
	struct cf_plan *plan = m->plan;
	uint32_t width = plan->client_kind_count;

	for (uint32_t row = 0; row < m->row_count; row++) {
		const uint32_t *from = m->rows + (size_t)row * m->clients.count;
		uint32_t *to = plan->table + (size_t)plan->network_kind_count * width;
		uint32_t kind = 0;
		bool idle = true;

		kind_of_row[row] = CF_NONE;
		if (!m->filled[row])
			continue;
		if (plan->network_kind_count == CF_PLAN_KINDS)
			return CF_ETOOBIG;
		for (uint32_t column = 0; column < width; column++) {
			to[column] = from[column_of[column]];
			idle = idle && cf_courses_is_idle(&plan->courses, to[column]);
		}
		while (kind < plan->network_kind_count &&
		    memcmp(plan->table + (size_t)kind * width, to, width * sizeof *to) != 0)
			kind++;
		kind_of_row[row] = idle ? CF_NONE : kind;
		if (!idle && kind == plan->network_kind_count)
			plan->network_kind_count++;
	}
	return CF_OK;
}

static enum cf_status part(struct making *m, uint32_t networks)
{
	uint32_t *column_of = calloc(CF_PLAN_KINDS, sizeof *column_of);
	uint32_t *kind_of_row = calloc(m->row_count + 1, sizeof *kind_of_row);
	enum cf_status status =
	    column_of == NULL || kind_of_row == NULL ? CF_ENOMEM : part_clients(m, column_of);

	if (status == CF_OK) {
		/* One row more than there can be: where the next is tried. */
		uint32_t most = m->row_count < CF_PLAN_KINDS ? m->row_count + 1 : CF_PLAN_KINDS + 1;

		m->plan->table =
		    calloc((size_t)most * m->plan->client_kind_count, sizeof *m->plan->table);
		m->plan->network_kinds = calloc(networks + 1, sizeof *m->plan->network_kinds);
		if (m->plan->table == NULL || m->plan->network_kinds == NULL)
			status = CF_ENOMEM;
	}
	if (status == CF_OK)
		status = part_networks(m, column_of, kind_of_row);
	for (uint32_t i = 0; status == CF_OK && i < networks; i++)
		m->plan->network_kinds[i] = kind_of_row[m->likes[i]];
	free(column_of);
	free(kind_of_row);
	return status;
}

enum cf_status cf_plan_make(
    const struct cf_image *image, bool all_enforced, struct cf_plan *plan_out)
{
	struct cf_plan plan = {.image = image, .all_enforced = all_enforced};
	uint32_t networks = cf_image_info(image)->networks;
	struct making m = {.plan = &plan};
	enum cf_status status = find_clients(image, &m.clients);

	m.addrs = calloc(networks + 1, sizeof *m.addrs);
	m.likes = calloc(networks + 1, sizeof *m.likes);
	if (m.addrs == NULL || m.likes == NULL)
		status = CF_ENOMEM;
	if (status == CF_OK)
		status = find_networks(image, m.addrs);
	if (status == CF_OK)
		status = look_at_networks(&m, networks);
	if (status == CF_OK)
		status = part(&m, networks);
	free(m.clients.addrs);
	free(m.addrs);
	free(m.likes);
	free(m.alike.items);
	free(m.alike.slots);
	free(m.rows);
	free(m.filled);
	if (status == CF_OK)
		*plan_out = plan;
	else
		cf_plan_done(&plan);
	return status;
}

void cf_plan_done(struct cf_plan *plan)
{
	cf_courses_done(&plan->courses);
	free(plan->network_kinds);
	free(plan->client_kinds);
	free(plan->table);
	*plan = (struct cf_plan){.image = NULL};
}

uint32_t cf_plan_network_kind(const struct cf_plan *plan, uint32_t value)
{
	return value == CF_NONE ? CF_NONE : plan->network_kinds[value];
}

uint32_t cf_plan_client_kind(const struct cf_plan *plan, uint32_t value)
{
	return value == CF_NONE ? 0 : plan->client_kinds[value];
}

uint32_t cf_plan_spans(const struct cf_plan *plan)
{
	static const enum cf_ranges all[] = {CF_RANGES_NETWORKS_V4, CF_RANGES_NETWORKS_V6,
	    CF_RANGES_CLIENTS_V4, CF_RANGES_CLIENTS_V6};
	uint32_t spans = 0;

	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
		spans += cf_image_span_count(plan->image, all[i]);
	return spans;
}
