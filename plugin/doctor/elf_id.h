/*
 * The GNU build-id of a program file: what tells two builds of one version apart. The file is
 * hostile like any other. One thread.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* 20 bytes as hex and terminator; longer ids are refused. */
#define CF_BUILD_ID_TEXT_BYTES 41

/* CF_EMALFORMED: not a 64-bit little-endian ELF file or broken; CF_ENOTFOUND: it has no build-id.
 */
enum cf_status cf_build_id(
    const void *elf, size_t len, char text_out[CF_BUILD_ID_TEXT_BYTES]) CF_MUST_CHECK;
