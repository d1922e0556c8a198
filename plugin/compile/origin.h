/*
 * Where a line stands, in words that mean the same on every machine: the last folders of a path and
 * its file. Images name their sources so, for the same sources have to give the same bytes wherever
 * they lie. Pure; any thread.
 */
#pragma once

/* How many folders tell a file from others of its kind. */
enum cf_origin_kind {
	CF_ORIGIN_POLICY = 0, /* curfew.yaml */
	CF_ORIGIN_TABLE = 1,  /* kaspersky/names.tsv */
	CF_ORIGIN_PRESET = 2, /* kaspersky/presets/us-commerce-2024.yaml */
};

/* The end of path that is kept; points into path. A path that is shorter is kept whole. */
const char *cf_origin(const char *path, enum cf_origin_kind kind);
