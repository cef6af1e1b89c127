"""The part of TEI P5 that our export uses, as RELAX NG.

Written after the element descriptions of the TEI Guidelines (P5, https://tei-c.org/guidelines/p5/):
each content model is a subset of TEI's own, so what is valid here is valid TEI. The whole schema
(``tei_all.rng``) is not packaged anywhere that these tests can reach.
"""

SCHEMA = b"""<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="http://www.tei-c.org/ns/1.0"
 datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
<start><element name="teiCorpus"><ref name="header"/><oneOrMore><ref name="TEI"/></oneOrMore></element></start>
<define name="TEI"><element name="TEI"><optional><attribute name="xml:id"><data type="ID"/></attribute></optional>
 <ref name="header"/><element name="text"><element name="body"><optional><element name="head"><text/></element></optional>
 <oneOrMore><ref name="part"/></oneOrMore></element></element></element></define>
<define name="part"><choice>
 <element name="p"><optional><attribute name="rend"/></optional><text/></element>
 <element name="quote"><optional><attribute name="source"><data type="anyURI"/></attribute></optional><text/></element>
 <element name="table"><oneOrMore><element name="row"><oneOrMore><element name="cell">
  <optional><attribute name="role"><value>label</value></attribute></optional>
  <optional><attribute name="cols"><data type="positiveInteger"/></attribute></optional>
  <optional><attribute name="rows"><data type="positiveInteger"/></attribute></optional><text/></element></oneOrMore></element></oneOrMore></element>
 <element name="list"><oneOrMore><element name="item"><text/></element></oneOrMore></element>
 <element name="figure"><element name="figDesc"><text/></element></element></choice></define>
<define name="header"><element name="teiHeader"><element name="fileDesc">
 <element name="titleStmt"><oneOrMore><element name="title"><text/></element></oneOrMore>
  <zeroOrMore><element name="author"><text/></element></zeroOrMore></element>
 <element name="publicationStmt"><choice><oneOrMore><element name="p"><text/></element></oneOrMore>
  <group><element name="publisher"><text/></element><optional><element name="pubPlace"><text/></element></optional>
  <element name="date"><optional><attribute name="when"><data type="date"/></attribute></optional><text/></element>
  <optional><element name="idno"><attribute name="type"/><text/></element></optional></group></choice></element>
 <element name="sourceDesc"><choice><element name="p"><text/></element>
  <element name="bibl"><element name="title"><text/></element>
  <element name="ref"><attribute name="target"><data type="anyURI"/></attribute><text/></element>
  <optional><element name="date"><attribute name="type"/><attribute name="when"><data type="date"/></attribute></element></optional></element></choice></element>
 </element>
 <optional><element name="profileDesc">
  <optional><element name="langUsage"><element name="language"><attribute name="ident"><data type="language"/></attribute><text/></element></element></optional>
  <optional><element name="textClass"><element name="keywords"><oneOrMore><element name="term"><text/></element></oneOrMore></element></element></optional>
 </element></optional></element></define>
</grammar>"""
