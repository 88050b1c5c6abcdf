"""The site: private, over TLS only, and with the headers that keep studies' files from acting as the page."""

from template_file import as_list, list_statements, load_template

RESOURCES = load_template()["Resources"]
CONFIG = RESOURCES["SiteDistribution"]["Properties"]["DistributionConfig"]
BEHAVIORS = [CONFIG["DefaultCacheBehavior"], *CONFIG["CacheBehaviors"]]


def headers_policy(name):
    """The configuration of a response headers policy."""
    return RESOURCES[name]["Properties"]["ResponseHeadersPolicyConfig"]


def test_bucket_is_private_encrypted_and_survives_the_stack():
    """Versions of studies name pictures in it for ever, and nobody reads it but the distribution."""
    bucket = RESOURCES["SiteBucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["BucketEncryption"]


def test_bucket_is_read_by_this_distribution_only():
    """Without the condition any distribution of any account could serve it (CloudFront guide, OAC)."""
    read, tls = RESOURCES["SiteBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (read["Principal"], read["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    (arn,) = read["Condition"]["StringEquals"].values()
    assert arn["Fn::Sub"].endswith(":distribution/${SiteDistribution}")
    condition, deny, _ = tls["Fn::If"]
    assert condition == "SiteIsTlsOnly"
    assert (deny["Effect"], deny["Action"]) == ("Deny", "s3:*")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_viewers_are_led_to_tls_by_default():
    """The page and everything on it."""
    assert load_template()["Parameters"]["SiteProtocolPolicy"]["Default"] == "redirect-to-https"
    assert all(behavior["ViewerProtocolPolicy"] == {"Ref": "SiteProtocolPolicy"} for behavior in BEHAVIORS)


def test_media_have_headers_of_their_own():
    """What is opened by itself runs no scripts as the page's origin; PDFs, which cannot, are shown."""
    chosen = {b.get("PathPattern", ""): b["ResponseHeadersPolicyId"]["Ref"] for b in BEHAVIORS}
    assert chosen == {"": "PageHeaders", "/media/*.pdf": "PageHeaders", "/media/*": "MediaHeaders"}
    assert list(chosen).index("/media/*.pdf") < list(chosen).index("/media/*")
    media = headers_policy("MediaHeaders")
    policy = media["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert media["CorsConfig"]["AccessControlAllowOrigins"] == {"Items": ["*"]}
    assert {(h["Header"], h["Value"]) for h in media["CustomHeadersConfig"]["Items"]} == {
        ("Cross-Origin-Resource-Policy", "cross-origin")
    }


def test_page_is_framed_by_itself_only():
    """Its own name and the distribution's; nobody else's page can lay something over it."""
    security = headers_policy("PageHeaders")["SecurityHeadersConfig"]
    _, labelled, other = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::If"]
    _, named, plain = other["Fn::If"]
    assert labelled["Fn::Sub"] == "frame-ancestors 'self' https://${SiteLabel}.${RootDomain}"
    assert (named["Fn::Sub"], plain) == ("frame-ancestors 'self' ${SiteUrl}", "frame-ancestors 'self'")
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"


def test_both_policies_ask_for_tls_and_no_guessing():
    """Strict-Transport-Security and nosniff, whatever the bucket says."""
    for name in ("PageHeaders", "MediaHeaders"):
        security = headers_policy(name)["SecurityHeadersConfig"]
        assert security["StrictTransportSecurity"] == {"AccessControlMaxAgeSec": 31536000, "Override": True}
        assert security["ContentTypeOptions"] == {"Override": True}


def test_page_is_published_again_when_it_has_changed():
    """CloudFormation calls the function only for changed properties, and does not wait for an hour."""
    properties = RESOURCES["SitePage"]["Properties"]
    assert properties["Page"] == {"Ref": "SiteLayer"}
    assert properties["Publisher"] == {"Ref": "HippoLayer"}
    assert {"NextUrl", "PagesUrl"} <= properties.keys()
    function = RESOURCES["PublishSiteFunction"]["Properties"]
    assert function["Timeout"] < int(properties["ServiceTimeout"]) <= 300
    assert RESOURCES["SiteLayer"]["Properties"]["ContentUri"] == "web/"


def test_publisher_of_the_page_cannot_touch_media():
    """Versions that people are in the middle of name them."""
    denied = [s for s in list_statements("PublishSiteRole") if s["Effect"] == "Deny"]
    (statement,) = denied
    assert sorted(as_list(statement["Action"])) == ["s3:DeleteObject", "s3:PutObject"]
    assert statement["Resource"] == {"Fn::Sub": "${SiteBucket.Arn}/media/*"}
