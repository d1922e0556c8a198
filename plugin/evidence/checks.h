/*
 * Checks of an unpacked evidence by what lies in it: signature and manifest, images and what they
 * were compiled from, logs, figures. Each says what it found. One thread each; several at once.
 */
#pragma once

#include "evidence/files.h"
#include "evidence/sayings.h"
#include "trust/keyring.h"

#include <stddef.h>

struct cf_image;

/* Images that are opened at once. */
#define CF_EVIDENCE_IMAGES 1000

struct cf_evidence_images {
	struct cf_image *items[CF_EVIDENCE_IMAGES];
	size_t count;
};

/* The manifest's signature by one of the keys, and each file by the manifest. */
void cf_evidence_check_manifest(
    struct cf_sayings *sayings, const char *root, const struct cf_keyring *keyring);

/* Opens the images, each of which must be the one it is called; and compiles policy and packs
 * again: which image do they give? */
void cf_evidence_open_images(
    struct cf_sayings *sayings, const char *root, struct cf_evidence_images *images);
void cf_evidence_check_sources(
    struct cf_sayings *sayings, const char *root, const struct cf_evidence_images *images);
void cf_evidence_close_images(struct cf_evidence_images *images);

/* Seals from elsewhere, files; and who may have signed those of the logs. */
struct cf_evidence_vouchers {
	const char *const *seals;
	size_t seal_count;
	const char *const *keys; /* lines, or files with one */
	size_t key_count;
};

/* Seals, held against keys and against those kept elsewhere (in the evidence, and given), and every
 * verdict under its image. */
void cf_evidence_check_logs(struct cf_sayings *sayings, const char *root,
    const struct cf_evidence_images *images, const struct cf_evidence_vouchers *vouchers);

/* Makes ledger and reports again in work, and compares them with those of root. */
void cf_evidence_check_figures(struct cf_sayings *sayings, const char *root, const char *work,
    const struct cf_evidence_notices *notices);
