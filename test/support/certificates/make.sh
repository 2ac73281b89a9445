#!/bin/sh
# Makes the certificates of the tests anew, in this folder, with OpenSSL 3. They are good for a hundred years, but for the
# one that has expired. The keys are known to everybody: they protect nothing, and are for tests alone. What is made with
# the CA's key is made here at once; the key itself is not kept.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
days=36500

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# sign NAME SUBJECT CA EXTENSIONS [OPTIONS]: a key and a certificate of that CA.
sign() {
  name=$1 subject=$2 ca=$3 extensions=$4
  shift 4
  key "$name.key"
  openssl req -new -key "$name.key" -subj "$subject" -out "$work/$name.csr"
  printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n%s\n' "$extensions" >"$work/$name.ext"
  openssl x509 -req -in "$work/$name.csr" -CA "$work/$ca.pem" -CAkey "$work/$ca.key" -CAserial "$work/$ca.srl" -CAcreateserial \
    -days "$days" -extfile "$work/$name.ext" -out "$name.pem" "$@" 2>/dev/null
}

authority() {
  key "$work/$1.key"
  openssl req -x509 -new -key "$work/$1.key" -subj "$2" -days "$days" -out "$work/$1.pem" \
    -addext 'keyUsage=critical,keyCertSign,cRLSign'
}

authority ca '/O=Vouch tests/CN=Vouch test CA'
authority other '/O=Vouch tests/CN=Another CA'
cp "$work/ca.pem" ca.pem

local='subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
sign server '/CN=localhost' ca "$local"
sign elsewhere '/CN=elsewhere.example' ca 'subjectAltName=DNS:elsewhere.example'
sign client '/O=Vouch tests/CN=device-7' ca 'subjectAltName=URI:urn:vouch:device-7,email:device-7@vouch.example'
sign revoked '/CN=device-8' ca ''
sign stranger '/CN=device-9' other ''

# Over since the first day of 2001.
: >"$work/index.txt"
echo 1000 >"$work/serial"
echo 1000 >"$work/crlnumber"
cat >"$work/ca.conf" <<CONF
[ca]
default_ca = test
[test]
database = $work/index.txt
serial = $work/serial
crlnumber = $work/crlnumber
certificate = $work/ca.pem
private_key = $work/ca.key
new_certs_dir = $work
default_md = sha256
policy = anything
unique_subject = no
[anything]
commonName = supplied
CONF
key expired.key
openssl req -new -key expired.key -subj '/CN=localhost' -out "$work/expired.csr"
printf 'basicConstraints=CA:FALSE\n%s\n' "$local" >"$work/expired.ext"
openssl ca -batch -notext -config "$work/ca.conf" -in "$work/expired.csr" -extfile "$work/expired.ext" \
  -startdate 20000101000000Z -enddate 20010101000000Z -out expired.pem 2>/dev/null

openssl ca -config "$work/ca.conf" -revoke revoked.pem 2>/dev/null
openssl ca -config "$work/ca.conf" -gencrl -crldays "$days" -out crl.pem 2>/dev/null

# Made by nobody but itself.
key self-signed.key
openssl req -x509 -new -key self-signed.key -subj '/CN=localhost' -days "$days" -addext "$local" -out self-signed.pem
key wildcard.key
openssl req -x509 -new -key wildcard.key -subj '/CN=meters' -days "$days" -addext 'subjectAltName=DNS:*.meters.example' -out wildcard.pem

chmod 644 ./*.key ./*.pem
