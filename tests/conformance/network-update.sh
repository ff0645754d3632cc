#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# network-update.sh PROGRAM FOLDER — make the changes listed in FOLDER/network-update.txt to the definition
# in FOLDER/network-update.xml, with libvirt's test driver and with PROGRAM (network-update), and compare
# what is printed afterwards, or the words of the refusal.
#
# Exit status 0: all equal; 1: differences, shown; 77: no virsh here.
program=$1 folder=$2
file=$folder/network-update.xml
command -v virsh >/dev/null || exit 77
wanted=$(mktemp) got=$(mktemp)
trap 'rm -f "$wanted" "$got"' EXIT

# The reason without what virsh puts in front of it: that it failed, and the class in words.
reason() {
	grep -v '^error: Failed to update network' |
		sed -E 's/^error: (Requested operation is not valid: |Operation not supported: |XML error: |internal error: )?//'
}

status=0
while read -r command section index element; do
	case $command in '#'*) continue ;; esac
	# virsh takes no -1: without the option it sends that.
	[ "$index" = -1 ] && where= || where="--parent-index $index"
	if virsh -q -c test:///default "net-define $file; net-update t $command $section \"$element\" $where" >"$wanted" 2>&1; then
		virsh -q -c test:///default "net-define $file; net-update t $command $section \"$element\" $where;
			net-dumpxml t" >"$wanted" 2>&1
	else
		reason <"$wanted" >"$wanted.reason" && mv "$wanted.reason" "$wanted"
	fi
	"$program" "$file" "$command" "$section" "$index" "$element" | sed -E 's/^error [0-9]+: //' >"$got"
	diff -u --label "libvirt: $command $section $element" "$wanted" --label netd "$got" || status=1
done <"$folder/network-update.txt"
exit $status
