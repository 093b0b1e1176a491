#!/bin/sh
# Keeps a certificate in /certificate: first one signed by itself, so that nginx can start, then Let's Encrypt's.
set -eu
if [ ! -s /certificate/fullchain.pem ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$DOMAIN" \
        -keyout /certificate/privkey.pem -out /certificate/fullchain.pem
fi
hook='cp -L "$RENEWED_LINEAGE/fullchain.pem" /certificate/new.pem && cp -L "$RENEWED_LINEAGE/privkey.pem" /certificate/privkey.pem && mv /certificate/new.pem /certificate/fullchain.pem'
if [ -n "$EMAIL" ]; then contact="--email $EMAIL"; else contact="--register-unsafely-without-email"; fi
while true; do
    # $contact is two words on purpose
    # shellcheck disable=SC2086
    if certbot certonly --webroot --webroot-path /var/www/certbot --domain "$DOMAIN" --cert-name cvmatcher \
        --non-interactive --agree-tos --keep-until-expiring $contact --deploy-hook "$hook"; then
        pause=43200
    else
        pause=600
    fi
    sleep "$pause" &
    wait $!
done
