/*
 * What is in force at an instant, written for other programs. The caller says for each name what
 * happens to it and to what lies below it (it asks cf_decide_name()); this writes it in the words
 * of a format, so that the most specific name wins there too: an exempt name inside a blocked
 * subtree gets its exception.
 *
 * Each name is written in the grammar and within the lengths of the format. Where one cannot say
 * something (a hosts file knows no subtrees, a zone no names that leave it no room), that is
 * counted and listed in comments of the file; nothing is made wider to fit. One thread.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"
#include "image/category.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cf_export_format {
	CF_EXPORT_RPZ,
	CF_EXPORT_UNBOUND,
	CF_EXPORT_DNSMASQ,
	CF_EXPORT_HOSTS,
	CF_EXPORT_ADBLOCK,
	CF_EXPORT_PLAIN,
	CF_EXPORT_NFT,
	CF_EXPORT_SURICATA, /* rules; the exact names lie in a dataset beside them */
	CF_EXPORT_SURICATA_DATASET,
	CF_EXPORT_ZEEK,
	CF_EXPORT_PF,
	CF_EXPORT_FORMATS,
};

/* "rpz", "unbound"...; "?" out of range. */
const char *cf_export_format_text(enum cf_export_format format);
/* False for unknown words; the dataset of Suricata is none that can be asked for. */
bool cf_export_format_parse(const char *text, enum cf_export_format *format_out);

/* A listed name: what happens to it, to an unlisted name below it, and to a name beside it. */
struct cf_export_name {
	const char *name; /* as master files have it (RFC 1035 5.1), lower case, no last dot */
	uint8_t wire_len;
	bool plain; /* letters, digits, hyphens and underscores alone: no escapes in name */
	enum cf_verdict self, below, inherited;
	enum cf_category category;
	const char *product, *source;
	bool between; /* not listed: stands between a listed name and its listed ancestor */
	bool canary;  /* a signal to clients: for DNS servers that refuse it as it is meant */
};

struct cf_export_network {
	struct cf_prefix prefix;
	enum cf_network_kind kind;
	enum cf_category category;
	enum cf_verdict verdict;
	uint32_t asn;
	const char *source, *as_of;
};

/* Clients that get nothing blocked, whatever they ask. */
struct cf_export_client {
	struct cf_prefix prefix;
};

struct cf_export {
	const char *vendor, *version, *policy, *citation; /* for comments */
	int64_t at_wall_s;
	const struct cf_export_name *names; /* sorted by domain */
	size_t name_count;
	const struct cf_export_network *networks; /* sorted by address */
	size_t network_count;
	const struct cf_export_client *clients;
	size_t client_count;
	size_t other_clients;      /* ranges of clients that get other answers than everybody */
	const char *const *unsaid; /* names with a zero byte, which no format is trusted with */
	size_t unsaid_count;
	const char *zone;    /* RPZ: name of the zone without last dot */
	const char *dataset; /* Suricata: file name of the dataset */
	uint32_t first_sid;  /* Suricata */
};

struct cf_export_counts {
	size_t written;  /* names and networks that the file covers */
	size_t narrowed; /* subtrees of which only the name is written */
	size_t left_out; /* what the format cannot say at all; comments of the file list them */
	size_t clients;  /* prefixes of clients that pass */
	size_t clients_left_out;
};

/* Writes the format to the stream. CF_EIO when the stream failed; *counts_out is set in any case.
 */
enum cf_status cf_export_write(const struct cf_export *export, enum cf_export_format format,
    FILE *to, struct cf_export_counts *counts_out) CF_MUST_CHECK;
