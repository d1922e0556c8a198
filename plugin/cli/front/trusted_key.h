/*
 * The option --key of verbs that check signatures: a public key, as its line or as a file with one.
 * One thread.
 */
#pragma once

#include "cli/front/options.h"

/* For CLI_VALUE on a struct cf_keyring: one more key, trusted from ever and for ever. */
bool cli_take_trusted_key(void *place, const struct cli_given *given);
