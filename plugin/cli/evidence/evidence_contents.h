/*
 * Checks of an unpacked evidence by what lies in it: signature and manifest, images and what they
 * were compiled from, logs. One thread each; several at once.
 */
#pragma once

#include "cli/evidence/evidence.h"
#include "cli/evidence/evidence_say.h"
#include "trust/keyring.h"

struct cf_image;

/* Images that are opened at once. */
#define CLI_EVIDENCE_IMAGES 1000

struct cli_evidence_images {
	struct cf_image *items[CLI_EVIDENCE_IMAGES];
	size_t count;
};

/* The manifest's signature by one of the keys, and each file by the manifest. */
void cli_evidence_check_manifest(
    struct cli_sayings *sayings, const char *root, const struct cf_keyring *keyring);

/* Opens the images, each of which must be the one it is called; and compiles policy and packs
 * again: which image do they give? */
void cli_evidence_open_images(
    struct cli_sayings *sayings, const char *root, struct cli_evidence_images *images);
void cli_evidence_check_sources(
    struct cli_sayings *sayings, const char *root, const struct cli_evidence_images *images);
void cli_evidence_close_images(struct cli_evidence_images *images);

/* Seals from elsewhere, files; and who may have signed those of the logs. */
struct cli_evidence_vouchers {
	const char *const *seals;
	size_t seal_count;
	const char *const *keys; /* lines, or files with one */
	size_t key_count;
};

/* Seals, held against keys and against those kept elsewhere (in the evidence, and given), and every
 * verdict under its image. */
void cli_evidence_check_logs(struct cli_sayings *sayings, const char *root,
    const struct cli_evidence_images *images, const struct cli_evidence_vouchers *vouchers);
