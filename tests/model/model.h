/*
 * A policy in plain arrays, made at random or from fuzzer bytes, with the naive way to decide over
 * it: what the image and the decision are compared with. Slow on purpose; shares no code with them
 * but names and addresses as values.
 */
#pragma once

#include "compile/image/image_writer.h"
#include "image/image.h"
#include "policy/decide.h"

#define MODEL_ENTRIES    48
#define MODEL_NETWORKS   24
#define MODEL_GROUPS     5
#define MODEL_PREFIXES   4
#define MODEL_EXCEPTIONS 12
#define MODEL_PHASES     8
#define MODEL_PACKS      3
#define MODEL_SCHEDULES  5
#define MODEL_SCOPED     6

/* A stream of choices: pseudo-random from a seed, or bytes of a fuzzer and then zeros. */
struct model_source {
	uint64_t state;
	const uint8_t *bytes;
	size_t left;
};

/* A number below limit. */
unsigned model_choose(struct model_source *source, unsigned limit);

struct model_entry {
	struct cf_name name;
	enum cf_scope scope;
	unsigned pack;
	enum cf_category category; /* of a pack's entry */
	uint32_t exception;        /* CF_NONE: a pack's entry */
};

struct model_network {
	struct cf_prefix prefix;
	unsigned pack;
	enum cf_category category;
	int64_t until_wall_s;
};

struct model_exception {
	enum cf_verdict verdict;
	bool everybody;
	int schedule; /* -1, or the one that a client has to be under */
	uint32_t groups[2];
	unsigned group_count;
	uint32_t categories;
	uint16_t types[2];
	unsigned type_count;
	int64_t from_wall_s, until_wall_s;
};

struct model_phase {
	int64_t from_wall_s;
	enum cf_verdict verdict;
	uint32_t categories;
	uint64_t schedules;
};

/* The schedule of a pack for the clients of a group. */
struct model_scoped {
	unsigned pack, group, schedule;
};

struct model {
	enum cf_verdict baseline[MODEL_SCHEDULES][CF_CATEGORIES];
	unsigned schedule_count;
	unsigned pack_schedules[MODEL_PACKS]; /* for everybody else */
	unsigned pack_count;
	struct model_scoped scoped[MODEL_SCOPED];
	unsigned scoped_count;
	struct model_entry entries[MODEL_ENTRIES]; /* line in the image: index + 1 */
	unsigned entry_count;
	struct model_network networks[MODEL_NETWORKS]; /* likewise */
	unsigned network_count;
	struct cf_prefix groups[MODEL_GROUPS][MODEL_PREFIXES];
	unsigned group_sizes[MODEL_GROUPS];
	unsigned group_count;
	struct model_exception exceptions[MODEL_EXCEPTIONS];
	unsigned exception_count;
	struct model_phase phases[MODEL_PHASES]; /* line likewise */
	unsigned phase_count;
};

/* Any policy, over names, addresses and instants so few that they meet all the time. */
void model_make(struct model_source *source, struct model *model);
/* A name, address, type and instant out of the same few. */
struct cf_name model_name(struct model_source *source);
struct cf_addr model_addr(struct model_source *source);
/* An address at the edge of one of the model's networks or groups, just in or just out. */
struct cf_addr model_addr_near(struct model_source *source, const struct model *model);
int64_t model_instant(struct model_source *source);
uint16_t model_type(struct model_source *source);

/* The model as an image in memory; free(*data_out). Aborts when the builder refuses. */
void model_build(const struct model *model, void **data_out, size_t *len_out);

/* A decision in the model's own numbers: indices into its arrays, -1 for none. */
struct model_decision {
	bool matched;
	enum cf_verdict verdict;
	enum cf_category category;
	int entry, network, schedule, phase, exception;
};

void model_decide_name(const struct model *model, const struct cf_addr *client, uint16_t qtype,
    int64_t at_wall_s, const struct cf_name *name, struct model_decision *decision_out);
void model_decide_addr(const struct model *model, const struct cf_addr *client, uint16_t qtype,
    int64_t at_wall_s, const struct cf_addr *addr, struct model_decision *decision_out);

bool model_decision_equal(const struct model_decision *a, const struct model_decision *b);

/* What cf_decide_*() said, in the model's numbers. */
struct model_decision model_decision_of(
    const struct cf_image *image, const struct model *model, const struct cf_decision *decision);

/*
 * One random policy and questions compared with the image made of it: false, with a line on stderr,
 * when anything differs.
 */
bool model_agrees(struct model_source *source, unsigned questions);
