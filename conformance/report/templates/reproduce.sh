#!/bin/sh
{{ about }}
#
# It sends {{ requests }} again, each as the run sent it, with values of its own, and shows the last answer.
# Exit status: 0 where that has the status which the run got ({{ status }}), 1 where it has another, 2 where an answer
# on the way lacks what the next request needs.
#
#   BASE_URL=https://staging.example.com/api sh {{ file }}
#
# It needs curl, and python3 to read answers (sed does where there is none). Variables of the environment:
#   BASE_URL      the target (default: the one of the run)
#   CURL          curl with options of your own, such as CURL='curl --insecure'
{% for line in variables %}
#   {{ line }}
{% endfor %}
set -eu

BASE_URL=${BASE_URL:-{{ base_url }}}
CURL=${CURL:-curl}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

random() { # random LENGTH: so many letters and digits
  LC_ALL=C od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n' | cut -c1-"$1"
}

password() { # password LENGTH: a new password of so many characters
  printf %s "Aa1!$(random "$1")" | cut -c1-"$1"
}

repeat() { # repeat NUMBER CHARACTER: a character so many times
  head -c "$1" /dev/zero | tr '\0' "$2"
}

json() { # json TEXT: a text as it stands within the quotes of JSON
  printf %s "$1" | sed 's/[\\"]/\\&/g'
}

body() { # the next request's body, from standard input
  printf %s "$(cat)" >"$folder/body"
}

send() { # send NUMBER METHOD PATH [OPTION…]: send a request, with the body if there is one
  number=$1 method=$2 url=$BASE_URL$3
  printf '%s. %s %s' "$number" "$method" "$3" >&2
  shift 3
  saved=$folder/$number.body
  if [ "$method" = HEAD ]; then set -- --head "$@"; saved=/dev/null; else set -- -X "$method" "$@"; fi
  if [ -f "$folder/body" ]; then set -- --data-binary "@$folder/body" "$@"; fi
  $CURL -sS --path-as-is -o "$saved" -D "$folder/$number.head" "$@" "$url" >&2 || printf ' (curl: %s)' "$?" >&2
  rm -f "$folder/body"
  status=$(sed -n 's/^HTTP[^ ]* \([0-9][0-9]*\).*/\1/p' "$folder/$number.head" 2>/dev/null | tail -n 1)
  printf ' -> %s\n' "${status:-no answer}" >&2
}

header() { # header NUMBER NAME: the value of a header of an answer
  tr -d '\r' <"$folder/$1.head" | awk -v name="$2:" 'tolower($1) == tolower(name) { print $2; exit }'
}

value() { # value NUMBER PATH: the text at a dotted path of an answer
  if command -v python3 >/dev/null 2>&1; then
    python3 -c '
import json, sys
found = json.load(open(sys.argv[1], encoding="utf-8"))
for name in sys.argv[2].split("."):
    found = found[int(name)] if isinstance(found, list) else found[name]
print(found)' "$folder/$1.body" "$2" 2>/dev/null || true
  else
    tr ',{' '\n\n' <"$folder/$1.body" | sed -n 's/^ *"'"${2##*.}"'" *: *"\([^"]*\)".*/\1/p' | head -n 1
  fi
}

need() { # need NUMBER WHAT TEXT: end where an answer lacks a value
  [ -n "$3" ] && return
  echo "answer $1 has no $2, which a later request needs; it was:" >&2
  cat "$folder/$1.head" "$folder/$1.body" >&2 2>/dev/null || true
  exit 2
}

{{ steps }}

echo
cat "$folder/{{ last }}.head" "$folder/{{ last }}.body" 2>/dev/null || true
echo
cat <<'END'

{{ expected }}
END
[ "${status:-0}" = "{{ status }}" ] || exit 1
