/*
 * The image builder: collects names, networks, signatures and policy from the readers of packs and
 * policy files, and writes them as one image (image/format.h, docs/FORMATS.md).
 *
 * What is added is described by the same structs that image/image.h gives back. The builder copies
 * everything it is given: wire names, strings and arrays may be reused at once. NULL stands for ""
 * wherever a string is taken. The order of calls does not matter, but for what an id refers to:
 * groups come before the exceptions that name them, exceptions before their names. The same input
 * in the same order gives the same bytes: nothing random, no clock. Ids in the image
 * (cf_image_exception(), cf_image_phase()...) of exceptions, groups, signatures, ports and
 * resolvers follow the order of addition; phases are sorted by their instant; entries, networks and
 * AS numbers have an order of their own.
 *
 * A failed call adds nothing. One builder belongs to one thread.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/status.h"
#include "image/category.h"
#include "image/image.h"
#include "names/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_image_builder;

/* A new, empty builder: every category at its default baseline (see set_baseline). CF_ENOMEM. */
enum cf_status cf_image_builder_new(struct cf_image_builder **builder_out) CF_MUST_CHECK;
/* Frees it; NULL is fine. */
void cf_image_builder_free(struct cf_image_builder *builder);

/*
 * What a pack says of a name. Equal attributes are stored once, however many names have them;
 * adding names with the same ones in a row is the fast case.
 */
struct cf_image_attr {
	enum cf_category category;
	enum cf_confidence confidence;
	uint32_t pack;    /* of add_pack(); 0 when none was added */
	const char *list; /* pack name */
	const char *product;
	const char *source;
	const char *as_of;
	const char *note;
	const char *file;
};

/*
 * Adds a name of a pack. line is its place in attr->file. The same name may be added several times:
 * all are kept. CF_ENOMEM; CF_ETOOBIG: more names than the format can index; CF_EINVALID: a value
 * is out of its enum, or there is no such pack.
 */
enum cf_status cf_image_builder_add_name(struct cf_image_builder *builder,
    const struct cf_name *name, enum cf_scope scope, const struct cf_image_attr *attr,
    uint32_t line) CF_MUST_CHECK;

/* A network of a pack. CF_EINVALID: family or bits impossible, host bits set, value out of its
 * enum. */
enum cf_status cf_image_builder_add_network(
    struct cf_image_builder *builder, const struct cf_network *network) CF_MUST_CHECK;

/* An AS number of the vendor's. CF_EINVALID for 0. Added twice, the first org stays. */
enum cf_status cf_image_builder_add_asn(
    struct cf_image_builder *builder, uint32_t pack, uint32_t asn, const char *org) CF_MUST_CHECK;

/* A wire signature; the words are those of the pack format and are not interpreted here. */
enum cf_status cf_image_builder_add_signature(
    struct cf_image_builder *builder, const struct cf_signature *signature) CF_MUST_CHECK;

/* A port of the vendor's products. CF_EINVALID: proto is neither TCP (6) nor UDP (17), first >
 * last. */
enum cf_status cf_image_builder_add_port(
    struct cf_image_builder *builder, const struct cf_port *port) CF_MUST_CHECK;

/* A public resolver worth knowing. CF_EINVALID: no address. */
enum cf_status cf_image_builder_add_resolver(
    struct cf_image_builder *builder, const struct cf_resolver *resolver) CF_MUST_CHECK;

/*
 * A schedule, with what people are told of it; *schedule_out counts from 0. Schedule 0 is there
 * from the beginning, without a preset; the first call says what it is. schedule->pack is not
 * looked at. CF_ETOOBIG: over CF_SCHEDULES.
 */
enum cf_status cf_image_builder_add_schedule(struct cf_image_builder *builder,
    const struct cf_image_schedule *schedule, uint32_t *schedule_out) CF_MUST_CHECK;

/*
 * A pack, under a schedule that was added. *pack_out counts packs from 0. Without any, an image has
 * one pack made of its settings, under schedule 0. Packs are added before what belongs to them.
 * CF_EINVALID: no such schedule; CF_ETOOBIG: over CF_PACKS_MOST.
 */
enum cf_status cf_image_builder_add_pack(struct cf_image_builder *builder,
    const struct cf_image_pack *pack, uint32_t *pack_out) CF_MUST_CHECK;

/*
 * Puts a pack under another schedule for the clients of a group. Of groups that hold a client by
 * prefixes of one length that of the group added later counts. CF_EINVALID: no such pack, group or
 * schedule.
 */
enum cf_status cf_image_builder_scope_schedule(struct cf_image_builder *builder, uint32_t pack,
    uint32_t group, uint32_t schedule) CF_MUST_CHECK;

/*
 * The verdict of a category before any phase of a schedule. Until set: pass for informational and
 * local-injection, flag for the others. CF_EINVALID: out of its enum, no such schedule.
 */
enum cf_status cf_image_builder_set_baseline(struct cf_image_builder *builder, uint32_t schedule,
    enum cf_category category, enum cf_verdict verdict) CF_MUST_CHECK;

/*
 * A phase: from from_wall_s on its categories (bits 1 << enum cf_category) have its verdict, until
 * the next phase that names them, in its schedules (no bit: in schedule 0). Of two phases at the
 * same instant the one added later counts. CF_EINVALID: unknown category bits or none, unknown
 * schedule, bad verdict; CF_ETOOBIG: over CF_PHASES.
 */
enum cf_status cf_image_builder_add_phase(
    struct cf_image_builder *builder, const struct cf_phase *phase) CF_MUST_CHECK;

/*
 * A group of clients; a client belongs to every group one of whose prefixes holds its address.
 * *group_out numbers groups from 0 in order of addition. CF_ETOOBIG: over CF_GROUPS; CF_EINVALID:
 * bad prefix. Names are not checked for being unique.
 */
enum cf_status cf_image_builder_add_group(struct cf_image_builder *builder, const char *name,
    const struct cf_prefix *prefixes, size_t prefix_count, uint32_t *group_out) CF_MUST_CHECK;

/*
 * An exception. It applies to everybody or to the clients of the groups given, for every query type
 * or for those in types (then only to questions that have a type), while from_wall_s <= now <
 * until_wall_s. It covers entries whose category is in categories, and the names added to it with
 * add_exception_name(): either is enough. One of a schedule holds only for clients that are under
 * it. CF_EINVALID: unknown category bits, group, schedule or pack, bad verdict, from >= until,
 * nobody meant (neither everybody nor groups); CF_ETOOBIG: over CF_EXCEPTIONS.
 */
struct cf_image_exception {
	enum cf_verdict verdict;
	bool everybody;
	bool of_schedule;  /* of a legal text, which this schedule follows */
	uint32_t schedule; /* looked at when of_schedule */
	uint32_t pack;     /* whose text it stands in, or that of the policy; as in cf_image_attr */
	const uint32_t *groups; /* ids of add_group(); not used when everybody */
	size_t group_count;
	uint32_t categories;   /* bit set; 0: by names only */
	const uint16_t *types; /* query types; none: every type */
	size_t type_count;
	int64_t from_wall_s;  /* INT64_MIN: from ever */
	int64_t until_wall_s; /* INT64_MAX: never lapses */
	const char *owner;
	const char *reason;
	const char *clients; /* as written, for people */
	const char *file;
	uint32_t line;
};
enum cf_status cf_image_builder_add_exception(struct cf_image_builder *builder,
    const struct cf_image_exception *exception, uint32_t *exception_out) CF_MUST_CHECK;

/* Adds a name to an exception; its entry gets the exception's pack and file. */
enum cf_status cf_image_builder_add_exception_name(struct cf_image_builder *builder,
    uint32_t exception, const struct cf_name *name, enum cf_scope scope,
    uint32_t line) CF_MUST_CHECK;

/*
 * How a block is answered. Until set: NXDOMAIN, 300 s, EDE 15 without text. CF_EINVALID: kind out
 * of its enum, a sinkhole address of the wrong family, a sinkhole without any address; CF_ETOOBIG:
 * EDE text over CF_EDE_TEXT_BYTES, terminator included.
 */
enum cf_status cf_image_builder_set_answer(
    struct cf_image_builder *builder, const struct cf_answer_spec *answer) CF_MUST_CHECK;

/* Everything else that cf_image_info() returns; the meaning of each is told there. */
struct cf_image_settings {
	uint8_t source_digest[CF_SHA256_BYTES];
	int64_t built_wall_s; /* the caller's clock, or SOURCE_DATE_EPOCH */
	const char *vendor;
	const char *pack_version;
	const char *preset;
	const char *citation;
	const char *policy_file;
	const char *log_path;
	uint32_t fold_s;
	const char *privacy; /* NULL or "": "full" */
	const char *privacy_key_file;
	const char *sensor;
	const char *edge; /* NULL or "": nothing is said of it */
	bool syslog;
	uint16_t alive_s;
	bool block_addresses, block_services;
};
enum cf_status cf_image_builder_set_settings(
    struct cf_image_builder *builder, const struct cf_image_settings *settings) CF_MUST_CHECK;

/*
 * Writes the image to path: into a new file beside it, synced, renamed over path, the directory
 * synced; mode 0644. Whoever has the old file mapped keeps it whole. On failure the old file is
 * untouched and the new one removed. digest_out (may be NULL) gets the image's identity.
 * CF_EIO (errno), CF_ENOMEM, CF_ETOOBIG; *error (may be NULL) says what. The builder stays usable.
 */
enum cf_status cf_image_builder_write(struct cf_image_builder *builder, const char *path,
    uint8_t digest_out[CF_SHA256_BYTES], struct cf_error *error) CF_MUST_CHECK;

/*
 * The same bytes in memory: *data_out is 64-byte aligned and freed with free(). For tests and for
 * comparing a new image with the one in force before anything is written. CF_ENOMEM, CF_ETOOBIG.
 */
enum cf_status cf_image_builder_to_memory(struct cf_image_builder *builder, void **data_out,
    size_t *len_out, struct cf_error *error) CF_MUST_CHECK;
