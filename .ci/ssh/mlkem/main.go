// Signs in with post-quantum key exchange alone, runs whoami, and prints what it answers: main ADDRESS USER KEYFILE.
package main

import (
	"fmt"
	"os"

	"golang.org/x/crypto/ssh"
)

func whoami(address, user, file string) (string, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	key, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		return "", err
	}
	config := &ssh.ClientConfig{
		User:            user,
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // A daemon that was started for this.
	}
	config.KeyExchanges = []string{ssh.KeyExchangeMLKEM768X25519}
	client, err := ssh.Dial("tcp", address, config)
	if err != nil {
		return "", err
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	out, err := session.Output("whoami --json")
	return string(out), err
}

func main() {
	out, err := whoami(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(out)
}
