#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# network-validate.sh PROGRAM FILE... — with --validate, libvirt's test driver and PROGRAM (network-xml) refuse the
# same definitions because of the schema.
#
# Exit status 0: all equal; 1: differences, shown; 77: no virsh here.
program=$1
shift
command -v virsh >/dev/null || exit 77

# What libvirt's schema has only in later versions than some that are around.
beyond_libvirt() {
	case $1 in
	*/title.in.xml) return 0 ;;
	esac
	return 1
}

# Print "schema" when that is why FILE is refused.
libvirt() {
	virsh -q -c test:///default "net-destroy default; net-undefine default; net-define --validate $1" 2>&1 |
		grep -q 'against schema' && echo schema
}
netd() {
	"$program" --validate "$1" 2>&1 >/dev/null | grep -q '^error 92: ' && echo schema
}

status=0
for file; do
	beyond_libvirt "$file" && continue
	if [ "$(libvirt "$file")" != "$(netd "$file")" ]; then
		echo "$file: libvirt: $(libvirt "$file"), netd: $(netd "$file")"
		status=1
	fi
done
exit $status
