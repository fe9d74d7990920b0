#!/bin/bash
# How long from the kernel's event until a manager sees the SA: printed, not judged (the guest is
# emulated). On a machine whose kernel has ESP the median is to be below 5 ms.
# shellcheck source=/dev/null
. "$(dirname "$0")/../lib.sh"
begin

start_both "$WORK"
if figures=$("$PYTHON" "$TESTS/bench/latency.py" --address "127.0.0.1:$PORT" --mib-root "$ROOT"); then
    ok "each SA is seen"
    echo "$figures"
else
    not_ok "each SA is seen" "$figures"
fi
finish
