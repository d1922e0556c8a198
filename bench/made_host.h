/* Hosts of made-up networks, and the way out of a program that makes them. */
#pragma once

#include "base/addr.h"

#include <stdio.h>
#include <stdlib.h>

static inline void die(const char *what)
{
	perror(what);
	exit(4);
}

/* 10.0.0.1 and on. */
static inline struct cf_addr addr_of(unsigned long host)
{
	struct cf_addr addr = {.family = CF_FAMILY_V4, .bytes = {10}};

	host++;
	addr.bytes[1] = (uint8_t)(host >> 16);
	addr.bytes[2] = (uint8_t)(host >> 8);
	addr.bytes[3] = (uint8_t)host;
	return addr;
}
