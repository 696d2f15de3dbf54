package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/pbx365/connector/graph"
)

// makeNotifyKey makes a self-signed certificate with its key. Graph checks neither
// its issuer nor its name.
func makeNotifyKey(begin, end time.Time) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(begin.UnixNano()), Subject: pkix.Name{CommonName: "connector notifications"},
		NotBefore: begin, NotAfter: end,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return encodeNotifyKey(graph.Key{Certificate: cert, Private: key})
}

func encodeNotifyKey(key graph.Key) ([]byte, error) {
	private, err := x509.MarshalPKCS8PrivateKey(key.Private)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: key.Certificate.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// parseNotifyKeys returns the keys in the file, the one that began last first. Each
// certificate needs its private key, in any order.
func parseNotifyKeys(data []byte) ([]graph.Key, error) {
	var (
		keys     []graph.Key
		privates []*rsa.PrivateKey
	)
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, errors.New("a certificate in it is damaged")
			}
			sum := sha256.Sum256(cert.Raw)
			keys = append(keys, graph.Key{ID: hex.EncodeToString(sum[:16]), Certificate: cert})
		case "PRIVATE KEY", "RSA PRIVATE KEY":
			private, err := parsePrivate(block)
			if err != nil {
				return nil, err
			}
			privates = append(privates, private)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no certificate with an RSA key")
	}
	for i := range keys {
		own := slices.IndexFunc(privates, func(p *rsa.PrivateKey) bool { return p.PublicKey.Equal(keys[i].Certificate.PublicKey) })
		if own < 0 {
			return nil, fmt.Errorf("certificate number %d has no RSA key in it", i+1)
		}
		keys[i].Private = privates[own]
	}
	slices.SortStableFunc(keys, func(a, b graph.Key) int { return b.Certificate.NotBefore.Compare(a.Certificate.NotBefore) })
	return keys, nil
}

func parsePrivate(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "RSA PRIVATE KEY" {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("a private key in it is damaged")
		}
		return key, nil
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("a private key in it is damaged")
	}
	key, ok := private.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("a private key in it is not RSA")
	}
	return key, nil
}
