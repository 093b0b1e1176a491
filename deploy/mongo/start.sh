#!/bin/bash
# MongoDB as a one-node replica set with logins. Such a set wants a key file even when it is alone; this one is made from
# the password, so that it is the same after every start and stands in no image.
set -euo pipefail
umask 077
printf '%s' "$MONGO_INITDB_ROOT_PASSWORD" | sha256sum | cut -c1-64 > /data/configdb/keyfile
chown mongodb:mongodb /data/configdb/keyfile
chmod 400 /data/configdb/keyfile
# the image's own script makes the root user at the first start, then runs what follows
exec docker-entrypoint.sh mongod --bind_ip_all --replSet rs0 --keyFile /data/configdb/keyfile
