#!/bin/sh
# Collects what the image consists of; the build stage of the Dockerfile runs it.
#
#   collect.sh PROGRAM POLICY ROOT
set -eu
program=$1 policy=$2 root=$3

install -D -m 0755 -s "$program" "$root/verbgate"
install -D -m 0644 "$policy" "$root/etc/verbgate/verbgate.ini"

# The loader and each library, at the very paths where they will be looked for.
ldd "$root/verbgate" | grep -o '/[^ ]*' | while read -r library; do
    install -D -m 0755 "$library" "$root$library"
done

install -D -m 0644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
# A name is what /etc/hosts says, then what the name server says.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'verbgate:x:65532:65532:verbgate:/:/sbin/nologin' >"$root/etc/passwd"
echo 'verbgate:x:65532:' >"$root/etc/group"

# The licences of what is copied from Debian ask to go along.
for package in ca-certificates libc6 libjansson4 libllhttp9.2 libuv1 libuv1t64 node-llhttp; do
    if [ -e "/usr/share/doc/$package/copyright" ]; then
        install -D -m 0644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
    fi
done
