package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// specification is the version of CycloneDX. Scanners read 1.6, which is ECMA-424.
const specification = cdx.SpecVersion1_6

// bom returns the SBOM of a program, as JSON. files are its executables or archives.
func bom(r release, files []string) ([]byte, error) {
	i := slices.IndexFunc(programs, func(p program) bool { return p.name == r.program })
	if i < 0 || len(files) == 0 {
		return nil, fmt.Errorf("unknown program %q, or no file", r.program)
	}
	modules, err := programs[i].collect()
	if err != nil {
		return nil, err
	}
	var binaries []*binary
	for _, file := range files {
		b, err := readBinary(r.program, file)
		if err != nil {
			return nil, err
		}
		binaries = append(binaries, b)
	}
	slices.SortStableFunc(binaries, func(a, b *binary) int { return strings.Compare(a.platform+a.sha256, b.platform+b.sha256) })
	components, err := libraries(modules, binaries)
	if err != nil {
		return nil, err
	}
	return encode(describe(r, binaries, components))
}

// libraries returns a component for each module in the build information of the binaries. All binaries must be of the
// same versions. modules supplies the licenses.
func libraries(modules []*module, binaries []*binary) ([]cdx.Component, error) {
	licenses := map[string]*module{}
	for _, m := range modules {
		licenses[m.path] = m
	}
	platforms, sums := map[string][]string{}, map[string]string{} // by path and version
	for _, b := range binaries {
		deps := append([]*debug.Module{{Path: standard, Version: strings.TrimPrefix(b.info.GoVersion, "go")}}, b.info.Deps...)
		for _, dep := range deps {
			if dep.Replace != nil {
				return nil, fmt.Errorf("%s is replaced by %s", dep.Path, dep.Replace.Path)
			}
			key := dep.Path + "@" + dep.Version
			platforms[key], sums[key] = append(platforms[key], b.platform), dep.Sum
			if m := licenses[dep.Path]; m == nil || m.version != dep.Version {
				return nil, fmt.Errorf("%s contains %s, which is not a module of this commit", b.platform, key)
			}
		}
	}
	var components []cdx.Component
	for _, m := range modules {
		key := m.path + "@" + m.version
		if platforms[key] == nil {
			continue // it is linked on another platform
		}
		c, err := library(m, sums[key])
		if err != nil {
			return nil, err
		}
		if len(platforms[key]) < len(binaries) {
			c.Properties = &[]cdx.Property{{Name: "ecr-login:platforms", Value: strings.Join(slices.Compact(platforms[key]), " ")}}
		}
		components = append(components, c)
	}
	return components, nil
}

// library returns the component of a module. sum is its hash in go.sum, a SHA-256 of the hashes of all its files.
func library(m *module, sum string) (cdx.Component, error) {
	c := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: m.path, Version: m.version, Scope: cdx.ScopeRequired}
	c.PackageURL = purl("golang", m.path, m.version)
	c.BOMRef = c.PackageURL
	c.Licenses = spdx(identifiers(m.licenses))
	if m.path == standard {
		return c, nil
	}
	encoded, ok := strings.CutPrefix(sum, "h1:")
	hash, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(hash) != sha256.Size {
		return c, fmt.Errorf("%s: invalid hash %q in the build information", m.path, sum)
	}
	c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(hash)}}
	return c, nil
}

// spdx returns the licenses as one SPDX expression, or as an identifier if there is only one.
func spdx(ids []string) *cdx.Licenses {
	if len(ids) == 1 {
		return &cdx.Licenses{{License: &cdx.License{ID: ids[0]}}}
	}
	return &cdx.Licenses{{Expression: strings.Join(ids, " AND ")}}
}

// purl returns a package URL. The version is escaped, because it may contain "+".
func purl(kind, path, version string) string {
	return "pkg:" + kind + "/" + path + "@" + strings.ReplaceAll(url.PathEscape(version), "+", "%2B")
}

// describe returns the SBOM, without a serial number.
func describe(r release, binaries []*binary, components []cdx.Component) *cdx.BOM {
	program := cdx.Component{
		Type: cdx.ComponentTypeApplication, Name: r.program, Version: r.version,
		PackageURL: purl("generic", r.program, r.version), Licenses: spdx([]string{"Apache-2.0"}),
		Properties: &[]cdx.Property{
			{Name: "ecr-login:commit", Value: r.commit},
			{Name: "ecr-login:go", Value: binaries[0].info.GoVersion},
		},
	}
	program.BOMRef = program.PackageURL
	var executables []cdx.Component
	for _, b := range binaries {
		executables = append(executables, cdx.Component{
			Type: cdx.ComponentTypeFile, BOMRef: program.BOMRef + "#" + b.platform + "/" + b.sha256[:16], Name: r.program + " for " + b.platform,
			Version: r.version, Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: b.sha256}},
		})
	}
	program.Components = &executables
	var refs []string
	for _, c := range components {
		refs = append(refs, c.BOMRef)
	}
	document := cdx.NewBOM()
	document.SpecVersion = specification
	document.Metadata = &cdx.Metadata{Component: &program, Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}}}
	if !r.time.IsZero() {
		document.Metadata.Timestamp = r.time.Format("2006-01-02T15:04:05Z")
	}
	document.Components = &components
	document.Dependencies = &[]cdx.Dependency{{Ref: program.BOMRef, Dependencies: &refs}}
	return document
}

// encode returns the document as JSON, with a serial number that is made from the hash of the rest. It is a UUID of
// version 8, which RFC 9562 reserves for such definitions.
func encode(document *cdx.BOM) ([]byte, error) {
	var first, out bytes.Buffer
	if err := cdx.NewBOMEncoder(&first, cdx.BOMFileFormatJSON).EncodeVersion(document, specification); err != nil {
		return nil, err
	}
	id := sha256.Sum256(first.Bytes())
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	document.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
	encoder := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true)
	if err := encoder.EncodeVersion(document, specification); err != nil {
		return nil, err
	}
	if out.Len() == 0 {
		return nil, errors.New("the SBOM is empty")
	}
	return out.Bytes(), nil
}
