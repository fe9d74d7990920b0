#!/bin/bash
# All of ike.sh with strongSwan 6.0, of the next Debian, in a root directory of its own.
# shellcheck source=/dev/null
. "$(dirname "$0")/../packages.sh"
IKE_ROOT=$(strongswan6_root)
export IKE_ROOT
exec bash "$(dirname "$0")/ike.sh"
