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
	"os"
	"time"

	"github.com/pbx365/connector/graph"
)

// notifyKey reads the key that opens encrypted notifications, or makes one. It is
// kept in a file, so that a subscription survives a restart.
func notifyKey(file string) (graph.Key, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if data, err = makeNotifyKey(); err == nil {
			err = os.WriteFile(file, data, 0o600)
		}
	}
	if err != nil {
		return graph.Key{}, fmt.Errorf("key for notifications: %w", err)
	}
	key, err := parseNotifyKey(data)
	if err != nil {
		return graph.Key{}, fmt.Errorf("key for notifications, %s: %w; remove the file to have a new one made", file, err)
	}
	return key, nil
}

// makeNotifyKey makes a self-signed certificate with its key. Graph checks neither
// its issuer nor its name.
func makeNotifyKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "connector notifications"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

func parseNotifyKey(data []byte) (graph.Key, error) {
	var key graph.Key
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return key, err
			}
			sum := sha256.Sum256(cert.Raw)
			key.Certificate, key.ID = cert, hex.EncodeToString(sum[:16])
		case "PRIVATE KEY":
			private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return key, err
			}
			key.Private, _ = private.(*rsa.PrivateKey)
		}
	}
	if key.Certificate == nil || key.Private == nil {
		return key, errors.New("the file holds no certificate with an RSA key")
	}
	return key, nil
}
