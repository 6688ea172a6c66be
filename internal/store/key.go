package store

import (
	"crypto/sha256"
	"encoding/hex"
)

// A Key identifies the tokens of an AWS identity: the hash that package cachekey computes.
type Key [sha256.Size]byte

// Login is the key of the tokens of docker login, which are valid for every AWS identity. It is not a hash.
var Login Key

// String returns the key as 64 hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }
