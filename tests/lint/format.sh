#!/bin/sh
# The whole tree is laid out as clang-format has it (.clang-format).
#
# usage: format.sh SOURCE_ROOT
cd "$1" || exit 1
if ! command -v clang-format >/dev/null 2>&1; then
	echo "clang-format is not installed: skipped"
	exit 77
fi
find plugin tests bench -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run --Werror
