#!/bin/sh
# The whole tree is laid out as clang-format 14 has it (.clang-format); other versions break lines elsewhere.
#
# usage: format.sh SOURCE_ROOT
cd "$1" || exit 1
if ! command -v clang-format >/dev/null 2>&1; then
	echo "clang-format is not installed: skipped"
	exit 77
fi
if ! clang-format --version | grep -q 'version 14\.'; then
	echo "$(clang-format --version) is here, not 14: skipped"
	exit 77
fi
find plugin tests bench -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run --Werror
