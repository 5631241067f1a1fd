#!/bin/sh
# readme_ci.sh FLREC FLREPLAY README: the commands under README's "In CI" work as they stand there, and its gate fails when
# the allocator changes.
PATH=$(dirname "$1"):$(dirname "$2"):$PATH
readme=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
printf '#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9; do x="$x $i"; done\n' >app
chmod +x app

sed -n '/^## In CI/,/^## What/p' "$readme" >section
sed -n '/^```sh/,/^```/p' section | grep -v '^```' >once.sh
sed -n '/^```yaml/,/^```/p' section | sed -n 's/^ *- run: //p' >each.sh
[ "$(wc -l <each.sh)" -ge 2 ] || { echo 'README has no workflow'; exit 1; }
sh -e once.sh || { echo 'what is done once fails'; exit 1; }
sh -e each.sh >out 2>&1 || { cat out; echo 'the workflow fails'; exit 1; }
[ "$(grep -c '^gate: passed' out)" -eq 2 ] || { cat out; echo 'no gate passed'; exit 1; }

sed 's/"splits": [0-9]*/"splits": 0/' tests/app.json >less.json && mv less.json tests/app.json
sh -e each.sh >out 2>&1
[ $? -eq 1 ] || { cat out; echo 'a changed allocator passes'; exit 1; }
