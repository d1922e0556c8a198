/* A folder of its own for each input of a target that writes files. */
#pragma once

#include "promise.h"
#include "trust/crate.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_BYTES 64

/* A new, empty folder; returns folder. */
static inline const char *make_folder(char folder[FOLDER_BYTES])
{
	(void)snprintf(folder, FOLDER_BYTES, "/tmp/curfew-fuzz-XXXXXX");
	must(mkdtemp(folder) != NULL);
	return folder;
}

static inline void remove_folder(const char *folder)
{
	must(cf_crate_remove(folder) == CF_OK);
}
