#!/bin/sh
# The packages that an image is made of, as they would be published: run at the root of the repository, once it is built.
set -eu
cd "$(dirname "$0")/../../.."
rm -rf packages/node/deploy/tarballs
mkdir -p packages/node/deploy/tarballs
destination="$PWD/packages/node/deploy/tarballs"
pnpm --silent --recursive --filter '@hearsay/node...' exec pnpm pack --pack-destination "$destination"
ls "$destination"
