# bash completion for curfew

_curfew_options()
{
	case $1 in
	apply) echo "--policy --lists --image --dry-run --yes --verbose --at --json --keep --list --back --image-file --key --channel --help" ;;
	check) echo "--policy --lists --at --strict --json --help" ;;
	egress) echo "apply check show status confirm remove --image --role --refuse --enforce --dns --dot --doh --fallback --resolver --resolver-user --never --log --log-rate --confirm --dry-run --json --help" ;;
	explain) echo "--client --type --at --image --images --json --help" ;;
	list) "${COMP_WORDS[0]}" list "${COMP_WORDS[2]}" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u ;;
	log)
		case ${COMP_WORDS[2]} in
		verify | seals | convert | key) "${COMP_WORDS[0]}" log "${COMP_WORDS[2]}" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u ;;
		*) "${COMP_WORDS[0]}" log --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u ;;
		esac
		;;
	tap) echo "--socket --read --image --hits --sensor --fold --status --key --seals --resolver --streams --group --mode --user --no-sandbox --stats --help" ;;
	doctor) echo "--config --unbound --module --image --log --live --json --help" ;;
	*)
		# Verbs of other parts tell their options themselves.
		"${COMP_WORDS[0]}" "$1" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u
		;;
	esac
}

_curfew()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		# shellcheck disable=SC2207 # verbs are single words
		COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }') --help --version" -- "$cur"))
		return
	fi
	if [ "${COMP_WORDS[1]}" = list ] && [ "$COMP_CWORD" -eq 2 ]; then
		# shellcheck disable=SC2207
		COMPREPLY=($(compgen -W "show check diff import export resolve update bundle sign presets --help" -- "$cur"))
		return
	fi
	if [ "${COMP_WORDS[1]}" = log ] && [ "$COMP_CWORD" -eq 2 ] && [[ $cur != -* ]]; then
		compopt -o filenames 2>/dev/null
		# shellcheck disable=SC2207
		COMPREPLY=($(compgen -W "verify seals key convert" -- "$cur") $(compgen -f -- "$cur"))
		return
	fi
	if [ "${COMP_WORDS[1]} ${COMP_WORDS[2]}" = "log key" ] && [ "$COMP_CWORD" -ge 3 ] && [[ $cur != -* ]]; then
		# shellcheck disable=SC2207
		COMPREPLY=($(compgen -W "new show resolver monitor tap" -- "$cur"))
		return
	fi
	case $prev in
	--policy | --channel-file | --image | --image-file | --config | --cert | --ca | --client-ca | --status | --unbound | --module | --log | --ledger | --hits | --read | --socket | --state | --output | --seal | --tsr | --tsa | --tsq | --key | -k | -p | -i | -r | -u | -o)
		compopt -o filenames 2>/dev/null
		# shellcheck disable=SC2207 # names with spaces are rare here and can be typed
		COMPREPLY=($(compgen -f -- "$cur"))
		;;
	--lists | -l | --to | -t)
		compopt -o filenames 2>/dev/null
		# shellcheck disable=SC2207
		COMPREPLY=($(compgen -d -- "$cur"))
		;;
	--type | -t)
		# shellcheck disable=SC2207
		COMPREPLY=($(compgen -W "A AAAA HTTPS SVCB CNAME MX NS TXT SRV PTR ANY" -- "$cur"))
		;;
	--at | -a | --client | -c) ;;
	*)
		# shellcheck disable=SC2207
		COMPREPLY=($(compgen -W "$(_curfew_options "${COMP_WORDS[1]}")" -- "$cur"))
		[ ${#COMPREPLY[@]} -gt 0 ] || {
			compopt -o filenames 2>/dev/null
			# shellcheck disable=SC2207
			COMPREPLY=($(compgen -f -- "$cur"))
		}
		;;
	esac
}

complete -F _curfew curfew
